// SPDX-License-Identifier: Apache-2.0
package import RegBytes

/// A program to run: by an array of arguments, never through a shell.
package struct Subprocess: Sendable {
    /// One argument, as bytes, since most are paths.
    package struct Argument: Sendable, ExpressibleByStringLiteral {
        package let bytes: [UInt8]

        package init(_ bytes: [UInt8]) { self.bytes = bytes }
        package init(_ text: String) { bytes = Array(text.utf8) }
        package init(_ path: BytePath) { bytes = path.bytes }
        package init(stringLiteral text: String) { self.init(text) }
    }

    /// The file to execute; `PATH` is not searched.
    package var program: BytePath
    /// Without the program's own name.
    package var arguments: [Argument]
    package var environment: ProcessEnvironment
    /// Where it starts; nil for the directory of this process.
    package var directory: BytePath?
    /// What it reads from its standard input; nil for the null device.
    package var input: [UInt8]?

    package init(
        program: BytePath, arguments: [Argument], environment: ProcessEnvironment,
        directory: BytePath? = nil, input: [UInt8]? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.input = input
    }

    /// How a program ended.
    package enum ExitStatus: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// What an ended program left.
    package struct Outcome: Equatable, Sendable {
        package let status: ExitStatus
        package let output: [UInt8]
        /// Standard error, cut after 64 KiB.
        package let errors: [UInt8]

        package var isSuccess: Bool { status == .exited(0) }
    }

    /// Runs the program to its end and keeps what it prints.
    /// - Throws: `outputTooLarge` as soon as there is more than `outputLimit` bytes, `tooSlow` where it has not ended
    ///   within `timeLimit`; the program is then killed.
    package func run(
        outputLimit: Int, timeLimit: Duration? = nil
    ) throws(SubprocessError) -> Outcome {
        let child = try ChildProcess(self, timeLimit: timeLimit)
        defer { child.kill() }
        var output: [UInt8] = []
        while let block = try child.readBlock() {
            guard output.count + block.count <= outputLimit else { throw .outputTooLarge(limit: outputLimit) }
            output += block
        }
        let status = try child.finish()
        return Outcome(status: status, output: output, errors: child.errors)
    }

    /// Runs the program to its end and hands over what it prints, block by block; the outcome's output is empty.
    ///
    /// Untyped, since errors of `each` pass through; the program is then killed.
    package func stream(_ each: ([UInt8]) throws -> Void) throws -> Outcome {
        let child = try ChildProcess(self)
        defer { child.kill() }
        while let block = try child.readBlock() { try each(block) }
        let status = try child.finish()
        return Outcome(status: status, output: [], errors: child.errors)
    }
}
