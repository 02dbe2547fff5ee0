// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit
internal import RegLock

struct Resolve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Settle conflicts in reg.lock.",
        usage: "reg resolve (--ours|--theirs|--merge) [<name> ...] [<option> ...]",
        discussion: """
            After a git merge, rebase or cherry-pick. What only one side changed is taken
            from that side. Sides are git's: in a rebase, theirs is the commit that is
            replayed. Files stay as they are; reg pull brings the others.

            --merge puts the files of both sides together: what one side changed, added or
            removed is taken over. Files that both changed differently are named, and
            nothing is written (exit code 3).

              reg resolve --theirs
              reg resolve --ours detector && reg resolve --merge data
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
    @Flag(name: .customLong("merge"), help: "Put the files of both together.")
    var isMerge = false
    @OptionGroup var shared: SharedOptions

    private var settlements: [Settlement] {
        (isOurs ? [.ours] : []) + (isTheirs ? [.theirs] : []) + (isMerge ? [.merge] : [])
    }

    func validate() throws {
        if settlements.count != 1 { throw ValidationError("give one of --ours, --theirs and --merge") }
    }

    func run() throws {
        guard let settlement = settlements.first else { return }
        let report = try shared.report { session in
            try session.resolveConflicts(by: settlement, names)
        }
        if let failure = report.failure { throw failure }
    }
}
