// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Glibc
internal import RegBytes
internal import RegGit
internal import RegKit

struct Hooks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hooks",
        abstract: "Let git look after artifacts, too.",
        discussion: """
            pre-push refuses a push of commits whose artifacts the registry lacks, and lets
            it through where the registry cannot be reached. post-checkout says what
            'reg pull' would bring.

              reg hooks install
              reg hooks install --uninstall
            """,
        subcommands: [Install.self, Run.self])

    struct Install: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "install",
            abstract: "Put reg into git's hooks.",
            usage: "reg hooks install [<option> ...]",
            discussion: """
                Hooks that are there and are scripts of a shell get a marked block, others
                are left alone. core.hooksPath counts.

                  reg hooks install
                  reg hooks install --uninstall
                """)

        @Flag(name: .customLong("uninstall"), help: "Take reg out of the hooks again.")
        var isRemoval = false
        @OptionGroup var shared: SharedOptions

        func run() throws {
            try shared.report { session in
                try isRemoval ? session.uninstallHooks() : session.installHooks()
            }
        }
    }

    /// What the hooks call.
    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "What git's hooks call.", discussion: "  reg hooks run pre-push",
            shouldDisplay: false)

        @Argument(help: "The hook.", transform: hookArgument)
        var hook: GitHook
        @Argument(help: "What git gives the hook.")
        var arguments: [String] = []

        func run() throws {
            var options = SessionOptions()
            options.notice = { writeToStandardError("note: \($0)\n") }
            switch hook {
            case .prePush:
                guard let lines = standardInput(limit: 1 << 20) else {
                    return options.notice("too many refs at once: reg did not look at them")
                }
                try Session(options).checkBeforePush(lines)
            case .postCheckout:
                do {
                    if let note = try Session(options).noteAfterCheckout() { options.notice(note) }
                } catch let error as RegError { options.notice(error.message) }
            }
        }
    }
}

/// All of standard input; nil where it is longer than `limit` bytes or cannot be read.
private func standardInput(limit: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= limit {
        let count = read(STDIN_FILENO, &block, block.count)
        if count == 0 { return bytes }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return nil }
        bytes += block.prefix(count)
    }
    return nil
}
