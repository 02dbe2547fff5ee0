// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Manifest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest",
        abstract: "Look after the local database.",
        discussion: "  reg manifest rebuild",
        subcommands: [Rebuild.self])

    struct Rebuild: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rebuild",
            abstract: "Make the local database anew from the registry's log.",
            usage: "reg manifest rebuild [<option> ...]",
            discussion: """
                The database only makes the log quick to ask; nothing is lost with it.

                  reg manifest rebuild
                  reg manifest rebuild --registry /mnt/team/registry
                """)

        @OptionGroup var shared: SharedOptions

        func run() throws {
            try shared.report { session in try session.rebuildManifest() }
        }
    }
}
