// SPDX-License-Identifier: Apache-2.0

/// A server that a test starts: it prints one line when it listens, and ends when its standard input does.
///
/// So it also ends with a test that is killed.
// Unchecked: what changes is the process, which one thread ends.
package final class ServerProcess: @unchecked Sendable {
    private let running: RunningCommand
    /// What it said of itself, without the end of the line.
    package let greeting: [UInt8]

    /// Starts `command`, which gets `limit` to listen.
    package init(_ command: Command, within limit: Duration = .seconds(60)) throws {
        running = try RunningCommand(command, keepsInput: true)
        guard let line = try running.firstLine(within: limit) else {
            running.kill(.group)
            let errors = String(decoding: running.errors().suffix(2000), as: UTF8.self)
            throw ServerFailure(description: "\(command.program) did not start: \(errors)")
        }
        greeting = line
    }

    deinit {
        running.closeInput()
        // One that does not end by itself is killed with all that it started.
        if (try? running.serve(for: .seconds(20))) != true { running.kill(.group) }
    }
}

package struct ServerFailure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}
