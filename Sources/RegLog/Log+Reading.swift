// SPDX-License-Identifier: Apache-2.0
internal import RegHash
internal import RegJobs
internal import RegStore

extension Log {
    /// Some records that follow one another, read together.
    package struct Run: Sendable {
        package fileprivate(set) var entries: [LogEntry] = []
        /// Whether no record comes after them.
        package fileprivate(set) var isAtEnd = false
        /// Whether a listing showed that no later number is taken either.
        package fileprivate(set) var hasNothingAfter = false
        /// Why the record after them cannot be read.
        package fileprivate(set) var failure: LogError?

        package init() {}
    }

    package static let runLength = 10_000
    static let runByteCount = 16 << 20
    /// How many names one listing asks for: what a bucket gives at most.
    private static let listingLength = 1_000
    /// Records on their way at a time, at most ``Record/byteLimit`` each.
    private static let waveLength = 32
    private static let threadCount = 8

    /// The records after `tail`: at most `limit` of them, and hardly more than 16 MiB.
    package func run(after tail: Tail, limit: Int = Log.runLength) -> Run {
        var reader = RunReader(log: self, tail: tail, limit: limit)
        do throws(LogError) {
            if isListed { try reader.readListed() } else { try reader.readOneByOne() }
        } catch { reader.run.failure = error }
        return reader.run
    }

    /// What is stored under `first` and the numbers after it: `count` of them, but no more than are read at a time.
    ///
    /// Several wait at once where each is a request to a server.
    func wave(from first: UInt64, count: Int) -> [Result<[UInt8]?, LogError>] {
        let numbers = (0..<min(count, Log.waveLength)).map { first + UInt64($0) }
        return concurrently(numbers, threads: isListed ? Log.threadCount : 1) { number in
            Result { () throws(LogError) in try bytes(of: number) }
        }
    }

    private struct RunReader {
        let log: Log
        var tail: Tail
        let limit: Int
        var run = Run()
        private var byteCount = 0

        init(log: Log, tail: Tail, limit: Int) {
            self.log = log
            self.tail = tail
            self.limit = limit
        }

        private var isFull: Bool { run.entries.count >= limit || byteCount >= Log.runByteCount }

        /// Takes what is stored after the tail; nothing there is the end.
        private mutating func take(_ bytes: [UInt8]?) throws(LogError) {
            guard let bytes else {
                run.isAtEnd = true
                return
            }
            let entry = try log.entry(bytes, orReadAfter: tail)
            run.entries.append(entry)
            tail = entry.tail
            byteCount += bytes.count
        }

        mutating func readOneByOne() throws(LogError) {
            while !isFull, !run.isAtEnd { try take(try log.bytes(of: tail.number + 1)) }
        }

        /// Reads what listings name, several records at a time.
        mutating func readListed() throws(LogError) {
            while !isFull, !run.isAtEnd {
                let listing = try log.listing(after: tail.number, limit: Log.listingLength)
                // A page of names that are no records says nothing of where the log ends.
                if listing.count == 0, !listing.isWhole { return try readOneByOne() }
                while tail.number < listing.last, !isFull, !run.isAtEnd {
                    let count = min(Int(listing.last - tail.number), limit - run.entries.count)
                    for bytes in log.wave(from: tail.number + 1, count: count) where !run.isAtEnd {
                        try take(try bytes.get())
                    }
                }
                guard listing.isWhole, tail.number == listing.last else { continue }
                run.isAtEnd = true
                run.hasNothingAfter = listing.later == nil
            }
        }
    }

    /// What a listing says of the numbers after one.
    struct Listing {
        /// How many numbers follow one another from the next on.
        let count: Int
        /// The last of those; where there are none, the number that was asked for.
        let last: UInt64
        /// The first number after a gap.
        let later: UInt64?
        /// Whether no name was left out.
        let isWhole: Bool
    }

    func listing(after number: UInt64, limit: Int) throws(LogError) -> Listing {
        let names: [String]
        do {
            names = try store.names(in: .log, after: ObjectKey.record(number).name, limit: limit)
        } catch { throw .store(error) }
        let numbers = Set(names.compactMap { Log.number(of: $0) }.filter { $0 > number })
        var count = 0
        while numbers.contains(number + UInt64(count) + 1) { count += 1 }
        let last = number + UInt64(count)
        return Listing(
            count: count, last: last, later: numbers.filter { $0 > last }.min(),
            isWhole: names.count < limit)
    }

    /// The number that a name in `log/` stands for; nil for other names.
    private static func number(of name: String) -> UInt64? {
        guard name.hasSuffix(".json"), let number = UInt64(name.dropLast(5)),
            ObjectKey.record(number).name == name
        else { return nil }
        return number
    }

    /// Makes sure that no record comes after `number` + 1, which is missing.
    ///
    /// Lists what comes after where that is cheap. Else looks in a few places only, ever further ahead: a lost record
    /// is found by what came soon after it, or much later.
    package func checkNoGap(after number: UInt64) throws(LogError) {
        let missing = number + 1
        guard let later = try taken(after: missing) else { return }
        do throws(StoreError) {
            // Both may have been appended just now, the missing one first.
            if try store.size(of: .record(missing)) != nil { return }
        } catch { throw .store(error) }
        throw .missing(number: missing, later: later)
    }

    /// A number beyond `missing` that is taken.
    private func taken(after missing: UInt64) throws(LogError) -> UInt64? {
        if isListed {
            let listing = try listing(after: missing - 1, limit: 64)
            if listing.isWhole || listing.count > 0 || listing.later != nil {
                return listing.count > 0 ? nil : listing.later
            }
        }
        do throws(StoreError) {
            for step in 0..<5 as Range<UInt64> {
                let later = missing + 1 << (2 * step)
                if try store.size(of: .record(later)) != nil { return later }
            }
        } catch { throw .store(error) }
        return nil
    }
}
