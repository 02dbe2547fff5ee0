// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit
internal import RegLock

struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Take an artifact out of reg.lock; its files stay.",
        usage: "reg rm <name> [<option> ...]",
        discussion: """
            Nothing is deleted: not the files, not its versions in the registry.

              reg rm detector
            """)

    @Argument(help: ArgumentHelp("The artifact.", valueName: "name"), transform: nameArgument)
    var name: ArtifactName
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in try session.remove(name) }
    }
}
