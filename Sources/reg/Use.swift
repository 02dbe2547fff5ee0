// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegKit
internal import RegLock

struct Use: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Put a version into reg.lock, without its bytes.",
        usage: "reg use <ref> [<option> ...]",
        discussion: """
            It takes the place that the lock has for its name, else --path, else the one
            it had in a commit, else a directory of its name. 'reg pull' then brings the
            files.

              reg use detector@v3
              reg use detector@v1 --as detector-v1 --path old/
            """)

    @Argument(
        help: ArgumentHelp(
            "NAME, NAME@v7, NAME@ALIAS, NAME@run-ID, NAME@sha256:PREFIX or NAME@REVISION.", valueName: "ref"),
        transform: textArgument)
    var reference: String
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Its name here, instead of the one in the registry.", valueName: "name"),
        transform: nameArgument)
    var name: ArtifactName?
    @Option(
        help: ArgumentHelp("Its place; a final slash says directory.", valueName: "path"),
        completion: .file(), transform: pathArgument)
    var path: BytePath?
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in try session.use(reference, name: name, path: path) }
    }
}
