// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Move an alias back to what it held before.",
        usage: "reg rollback <alias> [<option> ...]",
        discussion: """
            Asks no gate. A second rollback goes further back.

              reg rollback detector@prod
            """)

    @Argument(
        help: ArgumentHelp("The alias; with the name where several have it.", valueName: "alias|name@alias"),
        transform: aliasReferenceArgument)
    var alias: AliasReference
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in try session.rollBack(alias) }
    }
}
