// SPDX-License-Identifier: Apache-2.0
import RegLock
import Testing

@Suite struct LockMergeTests {
    private func lock(_ contents: [String: UInt64]) throws -> Lock {
        try Lock(contents.map { try entry($0.key, at: $0.key + "/", stored($0.value)) })
    }

    @Test func eachArtifactIsMergedByItself() throws {
        let base = try lock(["a": 1, "b": 1, "c": 1, "gone": 1])
        let ours = try lock(["a": 2, "b": 1, "c": 3, "ours": 1, "gone": 1])
        let theirs = try lock(["a": 1, "b": 2, "c": 3, "theirs": 1])
        let merge = LockMerge(base: base, ours: ours, theirs: theirs)
        #expect(merge.conflicts.isEmpty)
        #expect(try merge.lock() == lock(["a": 2, "b": 2, "c": 3, "ours": 1, "theirs": 1]))
        #expect(try merge.serialized() == merge.lock().serialized)
    }

    @Test func conflictsStayBetweenMarkersUntilTheyAreTaken() throws {
        let merge = LockMerge(
            base: try lock(["a": 1, "b": 1]), ours: try lock(["a": 2]), theirs: try lock(["a": 3, "b": 2]))
        let (a, b) = (try name("a"), try name("b"))
        #expect(merge.conflicts == [a, b])
        let text = try merge.serialized()
        #expect(refusal(of: text) == .conflict(names: [a, b]))
        let settled = try #require(Lock.settled(text))
        #expect(settled.lock == Lock() && settled.conflicts == [a, b])

        var half = merge
        half.take(b, from: .ours)
        #expect(half.openConflicts == [a])
        let rest = try #require(Lock.settled(try half.serialized()))
        #expect(rest.lock[b] == nil && rest.conflicts == [a])
        half.take(a, from: .theirs)
        #expect(try Lock.parse(half.serialized()) == lock(["a": 3]))
    }

    @Test func sidesThatOverlapAreNoLock() throws {
        let ours = try Lock([entry("x", at: "data/")])
        let theirs = try Lock([entry("y", at: "data/part/")])
        let merge = LockMerge(base: Lock(), ours: ours, theirs: theirs)
        #expect(throws: LockError.overlap(outer: try name("x"), inner: try name("y"))) { try merge.lock() }
    }

    @Test func whatIsNoLockOutsideOfMarkersIsNotSettled() {
        #expect(Lock.settled(bytes("reg-lock 2\n<<<<<<< a\n")) == nil)
        #expect(Lock.settled(bytes("nonsense\n")) == nil)
    }
}
