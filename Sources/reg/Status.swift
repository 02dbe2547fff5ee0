// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say what changed, what is not pushed or not bound.",
        usage: "reg status [<option> ...]",
        discussion: """
            Works offline, from what this clone last saw of the registry, unless
            --remote is given.

              reg status
              reg status --remote --json
            """)

    @Flag(name: .customLong("remote"), help: "Ask the registry instead of what is known of it here.")
    var isRemote = false
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in try session.status(isRemote: isRemote) }
    }
}
