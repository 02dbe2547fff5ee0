// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc

/// One stream of a command's output on its way: to the log as it comes, and to whoever reads ours, as fast as they do.
struct OutputTee {
    /// Our end of the pipe, -1 at its end.
    private(set) var near: Int32
    /// The command's end, -1 once closed.
    private(set) var far: Int32
    private let target: Int32
    /// How much the target takes at once without making us wait: any amount into a file, else what a pipe always has
    /// room for once it has any.
    private let pieceSize: Int
    private var isTargetOpen = true
    private var block: [UInt8] = []
    /// Of the block, what the target has not taken yet.
    private var waiting: ArraySlice<UInt8> = []

    private static let blockSize = 64 << 10

    init(to target: Int32) throws(ForegroundError) {
        var ends: [Int32] = [-1, -1]
        guard reg_pipe(&ends) == 0 else { throw .last("pipe2") }
        (near, far) = (ends[0], ends[1])
        self.target = target
        var status = stat()
        let isFile = fstat(target, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        pieceSize = isFile ? OutputTee.blockSize : 4096
        do throws(SubprocessError) {
            near = try aboveStandard(near)
            far = try aboveStandard(far)
        } catch {
            closeAll()
            throw .process(error)
        }
    }

    mutating func closeFar() {
        if far >= 0 { close(far) }
        far = -1
    }

    mutating func closeNear() {
        if near >= 0 { close(near) }
        near = -1
    }

    mutating func closeAll() {
        closeNear()
        closeFar()
    }

    /// Whether something is to be read, or to be passed on.
    var isOpen: Bool { near >= 0 || isWaiting }
    var isWaiting: Bool { !waiting.isEmpty }

    /// What to wait for: the next output, or room for what there is.
    var interest: pollfd {
        isWaiting
            ? pollfd(fd: target, events: Int16(POLLOUT), revents: 0)
            : pollfd(fd: near, events: Int16(POLLIN), revents: 0)
    }

    /// Does what `interest` was waiting for.
    mutating func serve(_ log: inout OutputLog) {
        if isWaiting { pass() } else { read(&log) }
    }

    private mutating func read(_ log: inout OutputLog) {
        let near = near
        block = [UInt8](unsafeUninitializedCapacity: OutputTee.blockSize) { buffer, count in
            count = max(0, retrying { Glibc.read(near, buffer.baseAddress, buffer.count) })
        }
        if block.isEmpty { return closeNear() }
        log.append(block)
        if isTargetOpen { waiting = block[...] }
    }

    private mutating func pass() {
        let piece = waiting.prefix(pieceSize)
        let count = piece.withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
        if count >= 0 {
            waiting = waiting.dropFirst(count)
        } else if errno != EINTR, errno != EAGAIN {
            dropTarget()
        }
    }

    /// Passes nothing on any more: nobody reads it.
    mutating func dropTarget() {
        isTargetOpen = false
        waiting = []
    }

    /// Logs what lies in the pipe now, at most what fits into one, and passes it on after what waits already.
    mutating func readRest(_ log: inout OutputLog) {
        guard near >= 0 else { return }
        let before = Array(waiting)
        var rest: [UInt8] = []
        var ready = pollfd(fd: near, events: Int16(POLLIN), revents: 0)
        while near >= 0, rest.count < 1 << 20, poll(&ready, 1, 0) > 0 {
            read(&log)
            rest += waiting
            waiting = []
        }
        if isTargetOpen { waiting = (before + rest)[...] }
        closeNear()
    }
}

/// The file that gets all output of a command.
struct OutputLog {
    private let file: Int32
    /// Why the log ends before the command does.
    private(set) var failure: Int32?

    init(_ file: Int32) { self.file = file }

    mutating func append(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while failure == nil, !rest.isEmpty {
            let count = retrying { rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } }
            if count < 0 { failure = errno }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
