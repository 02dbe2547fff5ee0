// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegKit

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Say what changed between two versions.",
        usage: "reg diff <a> [<b>] [<option> ...]",
        discussion: """
            From A to B, or to what lies in the workspace. A git revision is all of its
            artifacts. Files on disk begin with ./ or /.

              reg diff detector@v6 detector@v7
              reg diff HEAD~3 HEAD
              reg diff detector@v7 ./weights/new.safetensors
              reg diff data@v2 --only 'train/**' --level files --exit-code
              reg diff main HEAD --md >comment.md
              reg diff detector@v6 detector@v7 --html changes.html
            """)

    @Argument(
        help: ArgumentHelp("The older version: a reference, a git revision or a path.", valueName: "a"),
        transform: pathArgument)
    var old: BytePath
    @Argument(
        help: ArgumentHelp("The newer one, instead of the workspace.", valueName: "b"),
        transform: pathArgument)
    var new: BytePath?
    @Option(
        name: .customLong("level"),
        help: ArgumentHelp(
            "How closely: files alone, summary of what is in them, or full.", valueName: "level"),
        completion: .list(DiffLevel.allCases.map(\.rawValue)), transform: levelArgument)
    var level = DiffLevel.full
    @Option(
        name: .customLong("only"),
        help: ArgumentHelp(
            "Only files that this covers, by paths in the artifact; may be repeated.", valueName: "glob"),
        transform: patternArgument)
    var only: [PathPattern] = []
    @Option(
        name: .customLong("key"),
        help: ArgumentHelp(
            "Match records of tables by this column; repeated, by all of them together.", valueName: "column")
    )
    var key: [String] = []
    @Flag(name: .customLong("md"), help: "Print Markdown, for a comment on a pull request.")
    var isMarkdown = false
    @Option(
        name: .customLong("html"),
        help: ArgumentHelp("Write a page with plots as well; it needs no other file.", valueName: "file"),
        completion: .file(extensions: ["html"]), transform: pathArgument)
    var page: BytePath?
    @Flag(name: .customLong("exit-code"), help: "End with 1 where something differs.")
    var tellsByExitCode = false
    @OptionGroup var shared: SharedOptions

    private var request: DiffRequest {
        var request = DiffRequest(from: old, to: new)
        request.only = only
        request.level = level
        request.key = key
        request.wantsHistograms = page != nil
        return request
    }

    func validate() throws {
        if isMarkdown && shared.isJSON { throw ValidationError("--md and --json exclude each other") }
    }

    func run() throws {
        let file = try page.map { try OutputFile($0) }
        let answer = try shared.report { session in
            let report = try session.diff(request)
            try file?.write(DiffPage(report: report).source)
            return DiffAnswer(report: report, isMarkdown: isMarkdown, page: page)
        }
        if tellsByExitCode && answer.report.hasDifferences { throw CommandEnd(exitCode: 1) }
    }
}
