// SPDX-License-Identifier: Apache-2.0
internal import RegHTTP

/// Takes a whole object of at most `limit` bytes.
final class WholeObject: HTTPSink {
    private let limit: Int
    private(set) var bytes: [UInt8] = []
    private(set) var isTooLong = false

    init(limit: Int) { self.limit = limit }

    func begin(_ head: HTTPHead) throws(HTTPError) {
        guard let length = head.headers["content-length"].flatMap({ UInt64($0) }) else { return }
        if length > UInt64(limit) { throw refuse() }
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) {
        guard self.bytes.count + bytes.count <= limit else { throw refuse() }
        self.bytes += bytes
    }

    private func refuse() -> HTTPError {
        isTooLong = true
        return .tooLong(limit: UInt64(limit))
    }
}

/// How much of a range has come; several requests, one after another or two at once on one thread, fill one buffer.
final class RangeProgress {
    private let offset: UInt64
    private let buffer: UnsafeMutableRawBufferPointer
    private let arrived: (Int) -> Void
    private var count = 0
    private var lastCount = 0
    /// Whether an answer has said that the object ends before the range does.
    var isShort = false

    init(offset: UInt64, buffer: UnsafeMutableRawBufferPointer, arrived: @escaping (Int) -> Void) {
        self.offset = offset
        self.buffer = buffer
        self.arrived = arrived
    }

    var isComplete: Bool { count == buffer.count }
    /// Of the object: the first byte that has not come.
    var next: UInt64 { offset + UInt64(count) }
    /// Of the object: the byte behind the range.
    var end: UInt64 { offset + UInt64(buffer.count) }

    /// Whether 64 KiB have come since this was asked last.
    func hasAdvanced() -> Bool {
        guard count - lastCount >= 64 << 10 else { return false }
        lastCount = count
        return true
    }

    /// Takes bytes of the object from `position` on, which begin nowhere behind `next`.
    func take(_ bytes: UnsafeRawBufferPointer, at position: UInt64) {
        let start = Int(position - offset)
        guard start + bytes.count > count else { return }  // another request was faster
        let known = count - start
        UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[known...]))
        count = start + bytes.count
        arrived(count)
    }
}

/// Takes one answer to a request for what is missing of a range.
///
/// Servers answer with the part (206, or 200 with a `Content-Range`), and some ignore what was asked and send the whole
/// object: then what comes before the range is passed over.
final class RangeSink: HTTPSink {
    private let range: RangeProgress
    private let first: UInt64
    /// Where the next byte of the answer lies in the object.
    private var position: UInt64 = 0
    private let end: UInt64

    init(_ range: RangeProgress) {
        self.range = range
        first = range.next
        end = range.end
    }

    func begin(_ head: HTTPHead) throws(HTTPError) {
        if let text = head.headers["content-range"] {
            guard let (start, stop) = RangeSink.bounds(text), start == first, stop <= end else {
                throw .unexpected("the server sent another range than bytes \(first)-\(end - 1)")
            }
            if stop < end { range.isShort = true }
            position = start
        } else {
            guard head.status == 200 else {
                throw .unexpected("the server does not say which bytes it sends")
            }
            position = 0
            if let length = head.headers["content-length"].flatMap({ UInt64($0) }), length < end {
                range.isShort = true
            }
        }
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) {
        let start = position
        position += UInt64(bytes.count)
        // Of a whole object only the range is wanted; more than a range is no answer.
        let low = max(start, first)
        let high = min(position, end)
        if low < high {
            range.take(
                UnsafeRawBufferPointer(rebasing: bytes[Int(low - start)..<Int(high - start)]), at: low)
        }
    }

    /// What `bytes 5-9/100` says: the first byte, and the one behind the last.
    static func bounds(_ text: String) -> (UInt64, UInt64)? {
        let parts = text.split { " -/".contains($0) }
        guard parts.count == 4, parts[0] == "bytes", let first = UInt64(parts[1]),
            let last = UInt64(parts[2]),
            first <= last, last < UInt64(Int64.max)
        else { return nil }
        return (first, last + 1)
    }
}
