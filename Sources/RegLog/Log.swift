// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegHash
package import RegStore

/// The newest record somebody has seen: its number, and the hash of its stored bytes.
///
/// Number 0 is `registry.json`.
package struct Tail: Equatable, Sendable {
    package let number: UInt64
    package let hash: Digest

    package init(number: UInt64, hash: Digest) {
        self.number = number
        self.hash = hash
    }
}

/// A record as it is stored, and what it reads as.
package struct LogEntry: Sendable {
    package let tail: Tail
    package let reading: RecordReading

    package init(tail: Tail, reading: RecordReading) {
        self.tail = tail
        self.reading = reading
    }

    package var number: UInt64 { tail.number }
}

/// The numbered records of one registry.
package struct Log: Sendable {
    private let store: any ObjectStore

    package init(store: any ObjectStore) { self.store = store }

    /// Whether the log still has what somebody saw of it.
    package func has(_ tail: Tail) throws(LogError) -> Bool {
        if try hash(of: tail.number, .usual) == tail.hash { return true }
        return try hash(of: tail.number, .again) == tail.hash
    }

    private func hash(of number: UInt64, _ mode: ReadMode) throws(LogError) -> Digest? {
        try bytes(of: number, mode).map { SHA256.digest(of: $0) }
    }

    private func bytes(of number: UInt64, _ mode: ReadMode = .usual) throws(LogError) -> [UInt8]? {
        let key = number == 0 ? ObjectKey.registry : .record(number)
        do { return try store.read(key, limit: Record.byteLimit, mode) } catch {
            if case .tooLarge = error {
                throw .damaged(number: number, "it is longer than \(Record.byteLimit) bytes")
            }
            throw .store(error)
        }
    }

    /// Some records that follow one another, read together.
    package struct Run: Sendable {
        package fileprivate(set) var entries: [LogEntry] = []
        /// Whether no record comes after them.
        package fileprivate(set) var isAtEnd = false
        /// Why the record after them cannot be read.
        package fileprivate(set) var failure: LogError?
    }

    private static let runLength = 10_000
    private static let runByteCount = 16 << 20

    /// The records after `tail`: at most 10,000 of them, and hardly more than 16 MiB.
    package func run(after tail: Tail) -> Run {
        var run = Run()
        var tail = tail
        var byteCount = 0
        do throws(LogError) {
            while run.entries.count < Log.runLength, byteCount < Log.runByteCount {
                guard let (entry, count) = try entryAndByteCount(after: tail) else {
                    run.isAtEnd = true
                    break
                }
                run.entries.append(entry)
                tail = entry.tail
                byteCount += count
            }
        } catch { run.failure = error }
        return run
    }

    /// The record after `tail`; nil at the end of the log.
    package func entry(after tail: Tail) throws(LogError) -> LogEntry? {
        try entryAndByteCount(after: tail)?.entry
    }

    private func entryAndByteCount(
        after tail: Tail
    ) throws(LogError) -> (entry: LogEntry, byteCount: Int)? {
        guard let bytes = try bytes(of: tail.number + 1) else { return nil }
        do { return (try Log.entry(bytes, after: tail), bytes.count) } catch {
            // They may have been damaged on their way.
            guard let again = try self.bytes(of: tail.number + 1, .again), again != bytes else { throw error }
            return (try Log.entry(again, after: tail), again.count)
        }
    }

    private static func entry(_ bytes: [UInt8], after tail: Tail) throws(LogError) -> LogEntry {
        let number = tail.number + 1
        let reading = try RecordReading.read(bytes, number: number, prev: tail.hash)
        return LogEntry(tail: Tail(number: number, hash: SHA256.digest(of: bytes)), reading: reading)
    }

    /// Makes sure that no record comes after `number` + 1, which is missing.
    ///
    /// Looks in a few places only, ever further ahead: a lost record is found by what came soon after it, or much later.
    package func checkNoGap(after number: UInt64) throws(LogError) {
        let missing = number + 1
        do {
            for step in 0..<5 as Range<UInt64> {
                let later = missing + 1 << (2 * step)
                guard try store.size(of: .record(later)) != nil else { continue }
                // Both may have been appended just now, the missing one first.
                if try store.size(of: .record(missing)) != nil { return }
                throw LogError.missing(number: missing, later: later)
            }
        } catch let error as LogError { throw error } catch let error as StoreError {
            throw .store(error)
        } catch { return }  // the calls above throw nothing else
    }

    /// How an attempt to take the number after the tail ended.
    package enum Attempt: Equatable, Sendable { case appended, taken }

    /// Creates `record` under its number, only if that is free; an unclear answer is settled on the same number.
    ///
    /// After an error the record may have its name without being durable. Creating the same record again settles that.
    package func create(_ record: Record) throws(LogError) -> Attempt {
        let bytes = record.encoded
        guard bytes.count <= Record.byteLimit else { throw .recordTooLarge(byteCount: bytes.count) }
        do throws(StoreError) {
            if try store.create(.record(record.number), bytes) { return .appended }
        } catch {
            guard error.isUnanswered else { throw .store(error) }
            guard let stored = try? self.bytes(of: record.number) else {
                throw .unanswered(number: record.number, error)
            }
            return stored == bytes ? .appended : .taken
        }
        guard let stored = try self.bytes(of: record.number) else {
            let message = "\(store.location) says that record \(record.number) is there, and does not show it"
            throw .store(.remote(RemoteError(.unavailable, message)))
        }
        return stored == bytes ? .appended : .taken
    }

    /// Waits a random time that grows with the number of lost races, so that writers do not meet again.
    package func waitAfterLoss(_ losses: Int) {
        let limit = UInt32(1000 << min(losses, 8))
        usleep(UInt32.random(in: 0...limit))
    }
}
