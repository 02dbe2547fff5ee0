// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegKit

struct Pull: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Write the files of the lock or of a version, checked.",
        usage: "reg pull [<ref> ...] [<option> ...]",
        discussion: """
            Without a reference, what reg.lock says. With one and -o, its files directly
            in that directory, which appears whole. A file gets its name only after its
            SHA-256 was checked.

              reg pull
              reg pull detector@v3 -o old/
              reg pull data --only 'train/**' --only '*.json'
              reg pull detector --tensors 'backbone.*' -o part/
              reg pull data --shard 0/8 -o rank0/
              reg pull --pin job.pin -o clean-copy/
              reg pull --clean
              reg pull detector@prod --expect-commit v1.2 -o model/
              reg pull detector@prod --clean --if-unreachable keep -o model/
              reg pull detector --dry-run --json
            """)

    @Argument(
        help: ArgumentHelp(
            "NAME, NAME@v7, NAME@ALIAS, NAME@run-ID, NAME@sha256:PREFIX or NAME@REVISION.", valueName: "ref"),
        transform: textArgument)
    var references: [String] = []
    @Option(
        name: .customLong("pin"),
        help: ArgumentHelp(
            "All that a pin names: its file, or its id. Needs -o.", valueName: "file|id"),
        completion: .file(), transform: textArgument)
    var pin: String?
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where to, instead of the lock's paths.", valueName: "dir"),
        completion: .directory, transform: pathArgument)
    var output: BytePath?
    @Flag(name: .customLong("force"), help: "Replace files that were edited.")
    var replacesEditedFiles = false
    @Flag(name: .customLong("dry-run"), help: "Say what would be done, write nothing.")
    var isDryRun = false
    @Option(
        name: .customLong("only"),
        help: ArgumentHelp(
            "Only files that this covers, by paths in the artifact; may be repeated.", valueName: "glob"),
        transform: patternArgument)
    var only: [PathPattern] = []
    @Option(
        name: .customLong("tensors"),
        help: ArgumentHelp(
            "Of files of tensors only those that this covers, as safetensors; may be repeated.",
            valueName: "glob"),
        transform: patternArgument)
    var tensors: [PathPattern] = []
    @Option(
        name: .customLong("shard"),
        help: ArgumentHelp(
            "Only part I of N of about the same size, the first being 0; of a single file of tensors, of those.",
            valueName: "i/n"),
        transform: shardArgument)
    var shard: Shard?
    @Flag(name: .customLong("clean"), help: "Remove what the version lacks from the artifacts' paths.")
    var isClean = false
    @Option(
        name: .customLong("expect-commit"),
        help: ArgumentHelp(
            "Fail (3) unless the versions go with this commit: bound to it, or of a run of it.",
            valueName: "rev"),
        transform: textArgument)
    var expectedCommit: String?
    @Option(
        name: .customLong("if-unreachable"),
        help: ArgumentHelp(
            "Where the registry cannot be reached: 'keep' what an earlier pull wrote, with success.",
            valueName: "keep"),
        transform: unreachableArgument)
    var ifUnreachable: UnreachablePolicy?
    @OptionGroup var shared: SharedOptions

    private var request: PullRequest {
        var request = PullRequest()
        request.references = references
        request.pin = pin
        request.output = output
        request.replacesEditedFiles = replacesEditedFiles
        request.isDryRun = isDryRun
        request.only = only
        request.tensors = tensors
        request.shard = shard
        request.isClean = isClean
        request.expectedCommit = expectedCommit
        request.keepsIfUnreachable = ifUnreachable == .keep
        return request
    }

    func run() throws {
        try shared.report { session in PullAnswer(report: try session.pull(request), isDryRun: isDryRun) }
    }
}
