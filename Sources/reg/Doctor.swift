// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Try what the registry's server really does.",
        usage: "reg doctor [<option> ...]",
        discussion: """
            Creates, reads and lists a few small objects, and keeps the result in the
            registry. A server that replaces what it should only create is exit code 13.

              reg doctor
              reg doctor --registry s3://bucket/prefix
            """)

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let report = try shared.report { session in try session.doctor() }
        if let failure = report.failure { throw failure }
    }
}
