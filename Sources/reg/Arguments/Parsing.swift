// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegKit

/// The command that `arguments` ask for.
///
/// Anything wrong with them is a `RegError` of kind usage; a call for help is the parser's own error, for
/// ``helpText(_:)``.
func parse(_ arguments: [String]) throws -> any ParsableCommand {
    if let error = unknownCommand(arguments) { throw error }
    do {
        return try Reg.parseAsRoot(arguments)
    } catch {
        if helpText(error) != nil { throw error }
        throw RegError(.usage, sentence(Reg.message(for: error)), hint: hint(arguments))
    }
}

/// What to print where `error` is a call for help or the version; nil where something is wrong.
func helpText(_ error: any Error) -> String? {
    guard Reg.exitCode(for: error) == .success else { return nil }
    let text = Reg.fullMessage(for: error)
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
}

/// A message of the argument parser as one printable line that begins in lower case.
private func sentence(_ message: String) -> String {
    let lines = message.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }
    let line = shown(lines.joined(separator: " "))
    return line.prefix(1).lowercased() + line.dropFirst(1).trimmingSuffix(".")
}

extension Substring {
    fileprivate func trimmingSuffix(_ suffix: String) -> Substring {
        hasSuffix(suffix) ? dropLast(suffix.count) : self
    }
}

private func hint(_ arguments: [String]) -> String {
    let help = "see '\(commandPath(arguments)) --help'"
    return arguments.first?.hasPrefix("-") == true ? "options stand after the command; \(help)" : help
}

/// The usage error for a word that should be a command and is none.
private func unknownCommand(_ arguments: [String]) -> RegError? {
    var commands = Reg.configuration.subcommands
    for word in arguments.drop(while: { $0 == "help" }) {
        if commands.isEmpty || word.hasPrefix("-") { return nil }
        guard let command = commands.first(where: { $0.configuration.commandName == word }) else {
            let path = commandPath(arguments)
            let near = nearest(word, among: commands.compactMap { $0.configuration.commandName })
            return RegError(
                .usage, "'\(shown(word))' is no command of '\(path)'",
                hint: near.map { "did you mean '\(path) \($0)'?" } ?? "see '\(path) --help'")
        }
        commands = command.configuration.subcommands
    }
    return nil
}

/// The words at the front of `arguments` that are commands, after `reg`.
private func commandPath(_ arguments: [String]) -> String {
    var path = ["reg"]
    var commands = Reg.configuration.subcommands
    for word in arguments.drop(while: { $0 == "help" }) {
        guard let command = commands.first(where: { $0.configuration.commandName == word }) else { break }
        path.append(word)
        commands = command.configuration.subcommands
    }
    return path.joined(separator: " ")
}

/// The word that a slip of the fingers turned into `word`: at most two edits away, nil if none is.
private func nearest(_ word: String, among words: [String]) -> String? {
    let typed = Array(word.utf8.prefix(64))
    let distances = words.map { (word: $0, distance: editDistance(Array($0.utf8), typed)) }
    let best = distances.min { $0.distance < $1.distance }
    return best.flatMap { $0.distance <= min(2, typed.count / 2) ? $0.word : nil }
}
