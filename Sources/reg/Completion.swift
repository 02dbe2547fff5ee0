// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegJSON

struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a completion script for a shell.",
        discussion: """
              reg completion bash > ~/.local/share/bash-completion/completions/reg
              reg completion zsh > "${fpath[1]}/_reg"
              reg completion fish > ~/.config/fish/completions/reg.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash
        case zsh
        case fish

        var generator: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    @Argument(help: "The shell.") var shell: Shell
    @Flag(name: .customLong("json"), help: "Print one JSON document.") var isJSON = false

    func run() throws {
        try StandardOutput().print(Script(shell: shell), isJSON: isJSON)
    }

    /// The script as an answer.
    struct Script: Answer {
        let shell: Shell

        private var text: String { Reg.completionScript(for: shell.generator) }

        var json: JSON { ["shell": .string(shell.rawValue), "script": .string(text)] }

        func lines(_ style: TextStyle) -> [String] { [text] }
    }
}
