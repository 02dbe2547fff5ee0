// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Store: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Show the clone's own packs, or trim them.",
        discussion: """
            The store keeps what is not pushed yet, up to a quota: a fifth of the file
            system, at most 50 GiB. REG_STORE_QUOTA, or 'quota' of the table [store] in
            reg.toml, sets another one.

              reg store
              reg store trim --dry-run
            """,
        subcommands: [Show.self, Trim.self], defaultSubcommand: Show.self)

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show what the store holds.",
            usage: "reg store [<option> ...]",
            discussion: "  reg store show --json")

        @OptionGroup var shared: SharedOptions

        func run() throws {
            try shared.report { session in try session.storeReport() }
        }
    }

    struct Trim: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "trim",
            abstract: "Remove what the registry holds as well.",
            usage: "reg store trim [<option> ...]",
            discussion: """
                What is not pushed stays. Waits for other commands of this clone.

                  reg store trim --dry-run
                  reg store trim
                """)

        @Flag(name: .customLong("dry-run"), help: "Say what would be done, remove nothing.")
        var isDryRun = false
        @OptionGroup var shared: SharedOptions

        func run() throws {
            try shared.report { session in try session.trimStore(isDryRun: isDryRun) }
        }
    }
}
