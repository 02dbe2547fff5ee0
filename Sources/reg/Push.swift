// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegKit

struct Push: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Send what is missing, record it, bind the commit.",
        usage: "reg push [<name|path> ...] [<option> ...]",
        discussion: """
            Without arguments, all artifacts of the lock. An argument with a slash is a
            path, else a name of the lock, else a file here. A path that was not added
            yet is added on the way.

              reg push
              reg push detector -m "longer schedule"
              reg push detector --metrics metrics.json
              reg push ./best.safetensors --as detector --registry /mnt/team/registry
              reg push --commits main..feature
            """)

    @Argument(
        help: ArgumentHelp("Names of the lock or paths.", valueName: "name|path"), completion: .file(),
        transform: textArgument)
    var artifacts: [String] = []
    @OptionGroup var naming: NamingOptions
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Why: kept with the new versions.", valueName: "text"),
        transform: textArgument)
    var message: String?
    @Option(
        help: ArgumentHelp(
            "What the artifact measures, for gates: a file of JSON or JSON lines.", valueName: "file"),
        completion: .file(), transform: pathArgument)
    var metrics: BytePath?
    @Flag(name: .customLong("shared"), help: "Continue a name that another project made.")
    var isShared = false
    @Option(
        help: ArgumentHelp(
            "Send nothing, bind the commits of a range, or one, to what the registry has.",
            valueName: "range"),
        transform: textArgument)
    var commits: String?
    @OptionGroup var deltas: DeltaFlags
    @OptionGroup var shared: SharedOptions

    private var request: PushRequest {
        var request = PushRequest()
        request.arguments = artifacts
        request.name = naming.name
        request.type = naming.type
        request.message = message
        request.isShared = isShared
        request.metrics = metrics
        request.deltas = deltas.options
        return request
    }

    func validate() throws {
        let isAlone = artifacts.isEmpty && naming.name == nil && naming.type == nil && message == nil
        if commits != nil, !isAlone || metrics != nil || isShared {
            throw ValidationError("--commits only binds: it goes with no artifact, and no option of one")
        }
    }

    func run() throws {
        guard let commits else {
            try shared.report { session in try session.push(request) }
            return
        }
        let report = try shared.report { session in try session.push(commits: commits) }
        if let failure = report.failure { throw failure }
    }
}
