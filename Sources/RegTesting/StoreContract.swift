// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
package import RegStore

/// One promise that every ``ObjectStore`` keeps, as a test of an empty store.
package struct StoreRule: Sendable, CustomStringConvertible {
    /// The promise, as a sentence.
    package let description: String
    private let body: @Sendable (any ObjectStore) throws -> Void

    private init(_ description: String, _ body: @escaping @Sendable (any ObjectStore) throws -> Void) {
        self.description = description
        self.body = body
    }

    /// - Throws: `StoreRuleBroken`, or what the store threw where it should not.
    package func check(_ store: any ObjectStore) throws { try body(store) }
}

package struct StoreRuleBroken: Error, CustomStringConvertible {
    package let description: String
}

private func require(
    _ condition: @autoclosure () throws -> Bool, _ expectation: String, line: Int = #line
) throws {
    guard try condition() else { throw StoreRuleBroken(description: "\(expectation) (line \(line))") }
}

/// Checks that `body` throws exactly `expected`.
private func require<Result>(
    _ expected: StoreError, line: Int = #line, from body: () throws -> Result
) throws {
    do { _ = try body() } catch let error as StoreError where error == expected { return }
    throw StoreRuleBroken(description: "\(expected) is thrown (line \(line))")
}

private let buffer = LargeFileWriter.Buffer.init

/// A pack of these bytes, written piece by piece.
private func write(_ pieces: [[UInt8]], to key: ObjectKey, in store: any ObjectStore) throws {
    let writer = try store.writer(for: key, buffer: buffer())
    for piece in pieces { try piece.withUnsafeBytes { try writer.append($0) } }
    try writer.finish()
    try writer.forget()
}

private func digest(_ number: UInt8) -> Digest { SHA256.digest(of: [number]) }

extension StoreRule {
    /// The whole contract.
    package static let all: [StoreRule] = [
        StoreRule("what is not there reads as nothing") { store in
            try require(try store.read(.registry, limit: 10) == nil, "no bytes")
            try require(try store.size(of: .record(1)) == nil, "no size")
            try require(try store.names(in: .log, after: nil).isEmpty, "no names")
            let missing = ObjectKey.pack(.random())
            try require(.notFound(key: missing, location: store.location)) {
                try store.read(missing, at: 0, count: 1)
            }
        },
        StoreRule("an object is created only where there is none") { store in
            try require(try store.create(.record(1), [1, 2, 3]), "the first one creates")
            try require(try !store.create(.record(1), [4]), "the second one does not")
            try require(try store.read(.record(1), limit: 3) == [1, 2, 3], "the first bytes stay")
            try require(try store.create(.registry, []), "an object may be empty")
            try require(try store.read(.registry, limit: 0) == [], "and is there")
        },
        StoreRule("an object above the limit is refused before it is read") { store in
            _ = try store.create(.registry, [1, 2, 3])
            try require(try store.read(.registry, limit: 3)?.count == 3, "the limit itself is allowed")
            try require(.tooLarge(key: .registry, location: store.location, limit: 2)) {
                try store.read(.registry, limit: 2)
            }
        },
        StoreRule("ranges are read from where they were asked") { store in
            let bytes = seededBytes(count: 10_000, seed: 1)
            let key = ObjectKey.pack(.random())
            try write([bytes], to: key, in: store)
            for (offset, count) in [(0, 10_000), (0, 1), (9_999, 1), (4_095, 2), (4_096, 4_096), (10_000, 0)]
            {
                try require(
                    try store.read(key, at: UInt64(offset), count: count)
                        == Array(bytes[offset..<offset + count]), "\(count) bytes at \(offset)")
            }
        },
        StoreRule("a range beyond the end is short, not padded") { store in
            let key = ObjectKey.pack(.random())
            try write([[1, 2, 3]], to: key, in: store)
            for (offset, count) in [(0, 4), (2, 2), (3, 1), (1_000, 1)] as [(UInt64, Int)] {
                try require(.short(key: key, location: store.location, expected: offset + UInt64(count))) {
                    try store.read(key, at: offset, count: count)
                }
            }
        },
        StoreRule("names come sorted, from where they were asked, without those of others") { store in
            for number in [10, 9, 100, 1] as [UInt64] { _ = try store.create(.record(number), [1]) }
            _ = try store.create(.registry, [1])
            let names = [1, 9, 10, 100].map { ObjectKey.record($0).name }
            try require(try store.names(in: .log, after: nil) == names, "all, sorted")
            try require(try store.names(in: .log, after: names[1]) == Array(names[2...]), "those after one")
            try require(try store.names(in: .log, after: names[3]).isEmpty, "none after the last")
            for limit in 0...5 {
                let first = try store.names(in: .log, after: names[0], limit: limit)
                try require(first == Array(names[1...].prefix(limit)), "the first \(limit) of those")
            }
            for id in [1, 2] as [UInt8] { _ = try store.create(.manifest(digest(0), id: digest(id)), [1]) }
            _ = try store.create(.manifest(digest(3), id: digest(4)), [1])
            let expected = [digest(1), digest(2)].map(\.hex).sorted()
            try require(
                try store.names(in: .manifests(digest(0)), after: nil) == expected, "those of one tree")
        },
        StoreRule("a large object appears whole when it is finished") { store in
            for count in [0, 1, 4_095, 4_096, 5 << 20] {
                let bytes = seededBytes(count: count, seed: UInt64(count))
                let key = ObjectKey.pack(.random())
                let writer = try store.writer(for: key, buffer: buffer())
                try bytes.withUnsafeBytes { all in
                    try writer.append(UnsafeRawBufferPointer(rebasing: all[..<(count / 3)]))
                    try writer.append(UnsafeRawBufferPointer(rebasing: all[(count / 3)...]))
                }
                try require(try store.size(of: key) == nil, "it has no name before")
                try writer.finish()
                try writer.forget()
                try require(try store.size(of: key) == UInt64(count), "it has \(count) bytes after")
                try require(try store.read(key, limit: count) == bytes, "and they are the ones appended")
            }
        },
        StoreRule("a large object that is dropped leaves nothing") { store in
            let key = ObjectKey.pack(.random())
            do {
                let writer = try store.writer(for: key, buffer: buffer())
                try seededBytes(count: 5 << 20, seed: 1).withUnsafeBytes { try writer.append($0) }
            }
            try require(try store.size(of: key) == nil, "no object")
        },
        StoreRule("one buffer serves one large object after another") { store in
            let shared = buffer()
            for count in [5 << 20, 3, 4_097] {
                let bytes = seededBytes(count: count, seed: UInt64(count))
                let key = ObjectKey.pack(.random())
                let writer = try store.writer(for: key, buffer: shared)
                try bytes.withUnsafeBytes { try writer.append($0) }
                try writer.finish()
                try writer.forget()
                try require(try store.read(key, limit: count) == bytes, "\(count) bytes")
            }
        },
        StoreRule("a name never gets other bytes") { store in
            let key = ObjectKey.pack(.random())
            try write([[1, 2, 3]], to: key, in: store)
            try write([[4]], to: key, in: store)
            try require(try store.read(key, limit: 3) == [1, 2, 3], "the first ones stay")
        },
        StoreRule("of creators at one time exactly one wins") { store in
            for number in 1...20 as ClosedRange<UInt64> {
                let won = try onThreads(6) { writer in try store.create(.record(number), [UInt8(writer)]) }
                try require(won.count { $0 } == 1, "one winner")
                let winner = won.firstIndex(of: true).map { UInt8($0) }
                try require(try store.read(.record(number), limit: 1)?.first == winner, "with its own bytes")
            }
        },
        StoreRule("threads do not disturb each other") { store in
            _ = try onThreads(6) { thread in
                for turn in 0..<5 {
                    let bytes = seededBytes(count: 1_000 + thread, seed: UInt64(turn))
                    let key = ObjectKey.pack(.random())
                    try write([bytes], to: key, in: store)
                    try require(try store.read(key, limit: 2_000) == bytes, "its own bytes")
                }
            }
        },
        StoreRule("an object made from a file has its bytes") { store in
            try withTemporaryDirectory { directory in
                for (number, count) in [0, 1, 3 << 20].enumerated() {
                    let bytes = seededBytes(count: count, seed: UInt64(count))
                    let file = BytePath("file\(number)")
                    try publish(bytes, as: file, in: .directory(directory), .creating)
                    let key = ObjectKey.pack(.random())
                    try store.create(key, fromFileAt: directory.appending(file))
                    try store.create(key, fromFileAt: directory.appending(file))  // again: there already
                    try require(try store.read(key, limit: count) == bytes, "\(count) bytes")
                }
            }
        },
        StoreRule("an object made from a file that is not there is not made") { store in
            let key = ObjectKey.pack(.random())
            var isRefused = false
            do {
                try store.create(key, fromFileAt: BytePath("/nonexistent/file"))
            } catch is StoreError { isRefused = true }
            try require(isRefused, "an error")
            try require(try store.size(of: key) == nil, "no object")
        },
    ]
}
