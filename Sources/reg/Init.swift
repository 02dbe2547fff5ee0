// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make reg.toml, which says where the registry is.",
        usage: "reg init [<option> ...]",
        discussion: """
            Without --registry the registry is a directory of this machine that every clone here finds.

              reg init
              reg init --registry /mnt/team/registry
            """)

    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in try session.initialize() }
    }
}
