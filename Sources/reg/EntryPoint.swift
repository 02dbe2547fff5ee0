// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Glibc
internal import RegKit

/// Where `reg` begins and ends.
@main
enum EntryPoint {
    static func main() {
        let arguments = processArguments()
        let failures = FailureWriter(arguments: arguments)
        prepareProcess(failures)
        do {
            try run(arguments)
        } catch let end as CommandEnd {
            exit(end.exitCode)
        } catch let failure as CommandNotStarted {
            let error = RegError(.notFound, failure.message, hint: "the command runs in the pin's own files")
            writeToStandardError(failures.text(error, code: failure.exitCode))
            exit(failure.exitCode)
        } catch {
            let failure = error as? RegError ?? .unforeseen(error)
            failures.write(failure)
            exit(failure.kind.exitCode)
        }
    }

    private static func run(_ arguments: [String]) throws {
        do {
            var command = try parse(arguments)
            try command.run()
        } catch {
            guard let text = helpText(error) else { throw error }
            try StandardOutput().print(text)
        }
    }
}

/// Not a failure of reg's: how a command ends that has said all it has to say, with another exit code than 0.
struct CommandEnd: Error {
    let exitCode: Int32
}
