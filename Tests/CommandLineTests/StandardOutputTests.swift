// SPDX-License-Identifier: Apache-2.0

import Glibc
import RegKit
import Testing

@testable import reg

@Suite struct StandardOutputTests {
    @Test func aReaderThatWentAwayIsNoFailure() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        let output = StandardOutput(descriptor: ends[1])
        try output.print("nobody reads this")
        #expect(output.isClosed)
        #expect(throws: StandardOutput.Closed.self) {
            try [UInt8](repeating: 0, count: 10).withUnsafeBytes { try output.write($0) }
        }
    }

    @Test func aFullDiskIsALocalFailure() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let error = #expect(throws: RegError.self) { try StandardOutput(descriptor: descriptor).print("x") }
        #expect(error?.kind == .local)
    }

    @Test func whatDoesNotFitAtOnceIsWaitedFor() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (reader, writer) = (ends[0], ends[1])
        _ = fcntl(writer, F_SETFL, O_NONBLOCK)
        let text = String(repeating: "x", count: 300_000)
        var count = 0
        try withReader(of: reader, count: &count) {
            try StandardOutput(descriptor: writer).print(text)
            close(writer)
        }
        #expect(count == text.utf8.count + 1)
    }
}

/// Runs `body` while a thread reads everything from `descriptor`.
private func withReader(of descriptor: Int32, count: inout Int, _ body: () throws -> Void) throws {
    var thread = pthread_t()
    let argument = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    defer { argument.deallocate() }
    argument.pointee = Int(descriptor)
    let code = pthread_create(
        &thread, nil,
        { argument in
            guard let argument = argument?.assumingMemoryBound(to: Int.self) else { return nil }
            var buffer = [UInt8](repeating: 0, count: 4_096)
            let descriptor = Int32(argument.pointee)
            var total = 0
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count <= 0 { break }
                total += count
            }
            argument.pointee = total
            return nil
        }, argument)
    try #require(code == 0)
    try body()
    pthread_join(thread, nil)
    count = argument.pointee
    close(descriptor)
}
