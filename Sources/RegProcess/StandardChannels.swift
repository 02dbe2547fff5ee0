// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A channel between this process and a program it starts.
///
/// A pair of sockets rather than a pipe: it is closed in other programs from the first instant, whatever other
/// threads start meanwhile, and writing to a program that has gone is an error, not a signal to this process.
struct Channel {
    /// Our end, -1 once closed.
    private(set) var near: Int32
    /// The program's end, -1 once closed.
    private(set) var far: Int32

    var isOpen: Bool { near >= 0 }

    /// A channel that was never open.
    static let closed = Channel(near: -1, far: -1)

    private init(near: Int32, far: Int32) {
        self.near = near
        self.far = far
    }

    static func open() throws(SubprocessError) -> Channel {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .last("socketpair") }
        var channel = Channel(near: ends[0], far: ends[1])
        do throws(SubprocessError) {
            channel.near = try aboveStandard(ends[0])
            channel.far = try aboveStandard(ends[1])
        } catch {
            channel.closeBoth()
            throw error
        }
        return channel
    }

    mutating func close() {
        if near >= 0 { Glibc.close(near) }
        near = -1
    }

    mutating func closeFar() {
        if far >= 0 { Glibc.close(far) }
        far = -1
    }

    mutating func closeBoth() {
        close()
        closeFar()
    }

    /// What there is to read, at most `limit` bytes; empty at the end.
    func read(atMost limit: Int) throws(SubprocessError) -> [UInt8] {
        var failure: SubprocessError?
        let block = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let received = retrying { Glibc.read(near, buffer.baseAddress, limit) }
            if received < 0 { failure = .last("read") }
            count = max(0, received)
        }
        if let failure { throw failure }
        return block
    }

    /// Sends what the channel takes at once: how many bytes; nil where the program wants no more.
    func send(_ bytes: ArraySlice<UInt8>) throws(SubprocessError) -> Int? {
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        let sent = bytes.withUnsafeBytes { buffer in
            retrying { Glibc.send(near, buffer.baseAddress, buffer.count, flags) }
        }
        if sent >= 0 { return sent }
        switch errno {
        case EAGAIN: return 0
        case EPIPE, ECONNRESET: return nil
        default: throw .last("send")
        }
    }
}

/// A descriptor above 2, in place of one that a process without standard channels was given.
///
/// The program's 0, 1 and 2 are made from these one after another, which must not overwrite one still needed.
func aboveStandard(_ descriptor: Int32) throws(SubprocessError) -> Int32 {
    guard descriptor <= 2 else { return descriptor }
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw .last("fcntl") }
    close(descriptor)
    return copy
}

/// The channels to standard input, output and error of a program.
struct StandardChannels {
    var input = Channel.closed
    var output: Channel
    var errors = Channel.closed

    init(withInput: Bool) throws(SubprocessError) {
        output = try Channel.open()
        do throws(SubprocessError) {
            errors = try Channel.open()
            if withInput { input = try Channel.open() }
        } catch {
            closeAll()
            throw error
        }
    }

    mutating func closeFarEnds() {
        input.closeFar()
        output.closeFar()
        errors.closeFar()
    }

    mutating func closeAll() {
        input.closeBoth()
        output.closeBoth()
        errors.closeBoth()
    }
}
