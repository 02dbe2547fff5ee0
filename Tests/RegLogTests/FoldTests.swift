// SPDX-License-Identifier: Apache-2.0
import RegHash
import RegLock
import RegLog
import RegMetrics
import RegTesting
import Testing

/// Folds the records in turn; why each is void, nil where it was applied.
private func fold(_ records: [Record], _ state: inout MemoryFold) throws -> [String?] {
    try records.map { try Fold.apply($0, to: &state) }
}

private func fold(_ records: [Record]) throws -> [String?] {
    var state = MemoryFold()
    return try fold(records, &state)
}

@Suite struct FoldTests {
    @Test(
        arguments: [
            ([1, 2, 3], [true, true, true]), ([1, 1], [true, false]), ([2], [false]), ([0], [false]),
            ([1, 3, 2], [true, false, true]), ([1, 2, 1, 3], [true, true, false, true]),
        ] as [([UInt64], [Bool])])
    func versionsHaveNoGaps(versions: [UInt64], applied: [Bool]) throws {
        let reasons = try fold(versions.map { try record([try push("a", $0)]) })
        #expect(reasons.map { $0 == nil } == applied)
    }

    @Test func namesCountVersionsOfTheirOwn() throws {
        let reasons = try fold([try record([try push("a", 1), try push("b", 1), try push("a", 2)])])
        #expect(reasons == [nil])
    }

    @Test func aNameBelongsToTheProjectThatMadeIt() throws {
        let reasons = try fold([
            try record(project: 1, [try push("a", 1)]), try record(project: 2, [try push("a", 2)]),
            try record(project: nil, [try push("a", 2)]),
            try record(project: 2, [try push("a", 2, isShared: true)]),
            try record(project: 2, [try push("a", 3)]), try record(project: 1, [try push("a", 3)]),
            try record(project: nil, [try push("x", 1)]), try record(project: nil, [try push("x", 2)]),
            try record(project: 1, [try push("x", 3)]),
        ])
        #expect(reasons.map { $0 == nil } == [true, false, false, true, false, true, true, true, false])
    }

    @Test func aCommitIsBoundToOneSetInEachProject() throws {
        let pushes = [try push("a", 1, content: 1), try push("b", 1, content: 2)]
        let reasons = try fold([
            try record(pushes), try record([try bind(commit(1), ["a": 1])]),
            try record([try bind(commit(1), ["a": 1])]), try record([try bind(commit(1), ["b": 2])]),
            try record(project: 2, [try bind(commit(1), ["b": 2])]),
            try record(project: nil, [try bind(commit(2), ["a": 1])]),
            try record([try bind(commit(2), ["a": 1, "b": 2])]), try record([try bind(commit(3), [:])]),
        ])
        #expect(reasons.map { $0 == nil } == [true, true, true, false, true, false, true, true])
    }

    @Test func aSetNamesOnlyVersions() throws {
        let reasons = try fold([
            try record([try push("a", 1, content: 1)]), try record([try bind(commit(1), ["a": 9])]),
            try record([try bind(commit(1), ["b": 1])]),
            try record([try push("b", 1, content: 3), try bind(commit(1), ["a": 1, "b": 3])]),
            try record([try bind(commit(2), ["c": 5]), try push("c", 1, content: 5)]),
        ])
        #expect(reasons.map { $0 == nil } == [true, false, false, true, false])
    }

    @Test func aDeletedManifestIsNotNamedAgain() throws {
        let reasons = try fold([
            try record([try delete(manifests: [7], packs: [8])]), try record([try push("a", 1, manifest: 7)]),
            try record([try push("a", 1, manifest: 6), try delete(manifests: [6])]),
            try record([try delete(manifests: [5]), try push("a", 2, manifest: 5)]),
            try record([try push("a", 2, manifest: 5)]),
        ])
        #expect(reasons.map { $0 == nil } == [true, false, true, false, true])
    }

    @Test func aRecordIsAppliedWholeOrNotAtAll() throws {
        var state = MemoryFold()
        _ = try fold([try record([try push("a", 1, content: 1)])], &state)
        let before = state
        let void = try record([
            try push("a", 2, content: 2), try push("b", 1), try bind(commit(1), ["a": 2]),
            try delete(manifests: [50], packs: [51]), try push("b", 3),
        ])
        #expect(try fold([void], &state) != [nil])
        #expect(state == before)
    }

    @Test func aPinIsRecordedOnceWithVersionsOnly() throws {
        let pin = try pin(["a": 1])
        let reasons = try fold([
            try record([.pin(pin)]), try record([try push("a", 1, content: 1), .pin(pin)]),
            try record([.pin(pin)]), try record(project: 2, [.pin(try RegLogTests.pin(["a": 1], seed: 2))]),
            try record([.pin(try RegLogTests.pin(["a": 1], seed: 2))]),
            try record([.pin(try RegLogTests.pin(["a": 9], seed: 3))]),
            try record([
                try delete(manifests: [70]), .pin(try RegLogTests.pin(["a": 1], seed: 4, manifest: 70)),
            ]),
        ])
        #expect(reasons.map { $0 == nil } == [false, true, false, false, true, false, false])
    }

    @Test func anAttemptIsRecordedOnce() throws {
        let (pin, other) = (try pin([:]), try pin([:], seed: 2))
        let reasons = try fold([
            try record([try run(1, 1, of: pin)]),
            try record([.pin(pin), .pin(other), try run(1, 1, of: pin, .killed)]),
            try record([try run(1, 1, of: pin)]), try record([try run(1, 2, of: other)]),
            try record([try run(1, 3, of: pin, .failed)]), try record([try run(1, 2, of: pin)]),
            try record([try run(1, 4, of: pin)]), try record([try run(1, 5, of: pin)]),
            try record([try run(2, 2, of: other)]),
        ])
        #expect(reasons.map { $0 == nil } == [false, true, false, false, true, false, true, false, true])
    }

    @Test func aRunNamesOnlyVersions() throws {
        let pin = try pin([:])
        let reasons = try fold([
            try record([.pin(pin), try push("a", 1, content: 7)]),
            try record([try run(1, 1, of: pin, outputs: [("a", 1, 8)])]),
            try record([try run(1, 1, of: pin, outputs: [("a", 2, 7)])]),
            try record([
                try run(1, 1, of: pin, outputs: [("a", 1, 7), ("b", 1, 9)]), try push("b", 1, content: 9),
            ]),
            try record([
                try push("b", 1, content: 9), try run(1, 1, of: pin, outputs: [("a", 1, 7), ("b", 1, 9)]),
            ]),
            try record([try delete(manifests: [60]), try run(2, 1, of: pin, manifest: 60)]),
        ])
        #expect(reasons.map { $0 == nil } == [true, false, false, false, true, false])
    }

    @Test func onlyVersionsAreMeasured() throws {
        let measure = Operation.measure(.init(name: try artifact("a"), version: 1, metrics: Metrics()))
        let reasons = try fold([
            try record([measure]), try record([try push("a", 1), measure]), try record([measure]),
        ])
        #expect(reasons.map { $0 == nil } == [false, true, true])
    }

    @Test func anAliasMovesFromWhereItIs() throws {
        let reasons = try fold([
            try record([try push("a", 1), try push("a", 2, content: 2), try push("b", 1)]),
            try record([try promote("a", from: 1, to: 2)]), try record([try promote("a", from: nil, to: 3)]),
            try record([try promote("a", from: nil, to: 1)]),
            try record([try promote("a", from: nil, to: 2)]),
            try record([try promote("a", from: 1, to: 1)]), try record([try promote("a", from: 1, to: 2)]),
            try record([try promote("a", "stage", from: nil, to: 2)]),
            try record([try promote("b", from: nil, to: 1)]),
            try record([try promote("a", from: 2, to: 1, isRollback: true)]),
        ])
        #expect(
            reasons.map { $0 == nil } == [true, false, false, true, false, false, true, true, true, true])
    }
}
