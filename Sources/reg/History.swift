// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List the moves of an alias, newest first.",
        usage: "reg history <alias> [<option> ...]",
        discussion: """
              reg history prod
              reg history detector@prod
            """)

    @Argument(
        help: ArgumentHelp("The alias, of one artifact or of all.", valueName: "alias|name@alias"),
        transform: aliasReferenceArgument)
    var alias: AliasReference
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in PromotionsAnswer(promotions: try session.history(of: alias)) }
    }
}
