// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegProcess

/// A program of the user's own that prints credentials; never named by a repository.
struct CredentialProcess {
    /// As it stands in the file; no shell sees it.
    let command: String
    /// How messages call the profile.
    let place: String
    let environment: ProcessEnvironment

    private static let outputLimit = 64 << 10
    private static let timeLimit = Duration.seconds(60)

    func run() throws(CredentialError) -> Credentials {
        let (program, arguments) = try words()
        let subprocess = Subprocess(
            program: program, arguments: arguments.map { .init($0) }, environment: environment)
        let outcome: Subprocess.Outcome
        do throws(SubprocessError) {
            outcome = try subprocess.run(
                outputLimit: CredentialProcess.outputLimit, timeLimit: CredentialProcess.timeLimit)
        } catch {
            throw failure(error.message)
        }
        guard outcome.isSuccess else {
            let said = printable(String(decoding: outcome.errors.suffix(500), as: UTF8.self))
            throw failure("it failed" + (said.isEmpty ? "" : ": \(said)"))
        }
        return try CredentialDocument(outcome.output, "\(place): credential_process").ofProcess()
    }

    private func words() throws(CredentialError) -> (BytePath, [String]) {
        guard let words = commandWords(command), let name = words.first, !name.isEmpty else {
            throw failure("it names no program, or a quote in it is not closed")
        }
        let arguments = Array(words.dropFirst())
        // A relative path would let the directory that somebody stands in choose the program.
        if name.utf8.first == UInt8(ascii: "/") { return (BytePath(name), arguments) }
        guard !name.utf8.contains(UInt8(ascii: "/")) else { throw failure("its path is not absolute") }
        guard let program = environment.executable(named: name) else {
            throw failure("there is no program '\(printable(name))' in PATH")
        }
        return (program, arguments)
    }

    private func failure(_ reason: String) -> CredentialError {
        CredentialError("\(place): credential_process: \(reason)")
    }
}
