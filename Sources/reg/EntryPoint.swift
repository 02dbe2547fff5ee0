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
        } catch let end as Diff.Differences {
            exit(end.exitCode)
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
