// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit
internal import RegLock

struct Resolve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Take a side where reg.lock is in conflict.",
        usage: "reg resolve (--ours|--theirs) [<name> ...] [<option> ...]",
        discussion: """
            After a git merge, rebase or cherry-pick. What only one side changed is taken
            from that side. Sides are git's: in a rebase, theirs is the commit that is
            replayed. Files stay as they are; reg pull brings the others.

              reg resolve --theirs
              reg resolve --ours detector && reg resolve --theirs data
              git add reg.lock
            """)

    @Argument(
        help: ArgumentHelp("Artifacts in conflict, instead of all of them.", valueName: "name"),
        transform: nameArgument)
    var names: [ArtifactName] = []
    @Flag(name: .customLong("ours"), help: "Take what the commit has that is merged into.")
    var isOurs = false
    @Flag(name: .customLong("theirs"), help: "Take what the commit has that is merged.")
    var isTheirs = false
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        if isOurs == isTheirs { throw ValidationError("give one of --ours and --theirs") }
    }

    func run() throws {
        let report = try shared.report { session in
            try session.resolveConflicts(takingFrom: isOurs ? .ours : .theirs, names)
        }
        if let failure = report.failure { throw failure }
    }
}
