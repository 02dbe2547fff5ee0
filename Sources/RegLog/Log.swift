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
    let store: any ObjectStore
    /// Whether the end of the log is found by listing it; else by asking for one number after another.
    package var isListed: Bool

    package init(store: any ObjectStore) {
        self.store = store
        isListed = store.listsFromAnyName
    }

    /// Whether the log still has what somebody saw of it.
    package func has(_ tail: Tail) throws(LogError) -> Bool {
        if try hash(of: tail.number) == tail.hash { return true }
        return try hash(of: tail.number, .again) == tail.hash
    }

    /// The hash of what is stored under `number`; nil where there is nothing.
    package func hash(of number: UInt64, _ mode: ReadMode = .usual) throws(LogError) -> Digest? {
        try bytes(of: number, mode).map { SHA256.digest(of: $0) }
    }

    func bytes(of number: UInt64, _ mode: ReadMode = .usual) throws(LogError) -> [UInt8]? {
        let key = number == 0 ? ObjectKey.registry : .record(number)
        do { return try store.read(key, limit: Record.byteLimit, mode) } catch {
            if case .tooLarge = error {
                throw .damaged(number: number, "it is longer than \(Record.byteLimit) bytes")
            }
            throw .store(error)
        }
    }

    /// The record after `tail`; nil at the end of the log.
    package func entry(after tail: Tail) throws(LogError) -> LogEntry? {
        guard let bytes = try bytes(of: tail.number + 1) else { return nil }
        return try entry(bytes, orReadAfter: tail)
    }

    /// What `bytes`, stored after `tail`, read as; they are read once more where they came damaged.
    func entry(_ bytes: [UInt8], orReadAfter tail: Tail) throws(LogError) -> LogEntry {
        do { return try Log.entry(bytes, after: tail) } catch {
            guard let again = try self.bytes(of: tail.number + 1, .again), again != bytes else { throw error }
            return try Log.entry(again, after: tail)
        }
    }

    /// What the stored bytes of the record after `tail` read as.
    package static func entry(_ bytes: [UInt8], after tail: Tail) throws(LogError) -> LogEntry {
        let number = tail.number + 1
        let reading = try RecordReading.read(bytes, number: number, prev: tail.hash)
        return LogEntry(tail: Tail(number: number, hash: SHA256.digest(of: bytes)), reading: reading)
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
