// SPDX-License-Identifier: Apache-2.0
import RegTesting
import Testing

/// Disks that fill up at any point of a command: exit code 9 with the path, names old or new; with room it succeeds.
struct FullDiskTests {
    /// What runs out.
    enum Shortage: CaseIterable {
        case bytes, inodes
    }

    /// What has the small disk: the whole project, or its registry alone, to which packs must then be copied.
    private func directory(of work: Work) -> String {
        [.push, .firstPush].contains(work.kind) ? work.project.registry : work.project.place
    }

    @Test(.needsMounts, arguments: Work.Kind.allCases, Shortage.allCases)
    func fullDiskIsALocalFailure(of kind: Work.Kind, _ shortage: Shortage) throws {
        let work = try Work(kind)
        try work.project.store(as: "stored")
        let needed = try need(of: work, shortage)
        let count = min(needed, shortage == .bytes ? Soak.count(3, full: 30) : Soak.count(1, full: 10))
        var failures = 0
        for point in 0..<count {
            let room = point * needed / count
            let context = "\(kind) with room for \(room) of \(needed) \(shortage)"
            try onNewDisk(work) { disk in
                if try fails(work, on: disk, leaving: room, shortage, context) { failures += 1 }
            }
        }
        #expect(failures > count / 2, "\(kind), \(shortage): only \(failures) of \(count) runs failed")
    }

    /// Runs the work with that little room, and then with enough; whether it failed at first.
    private func fails(
        _ work: Work, on disk: Mount, leaving room: Int, _ shortage: Shortage, _ context: String
    ) throws -> Bool {
        let used = try disk.used
        switch shortage {
        case .bytes: try disk.remount("size=\(max(4_096, used.byteCount + room))")
        case .inodes: try disk.remount("nr_inodes=\(used.inodeCount + room)")
        }
        let outcome = try work.command.run()
        expectFailure(outcome, [0, 9], context)
        if outcome.code == 9 {
            let path = work.sandbox.path(directory(of: work))
            let isNamed = outcome.errorText.contains(path) || outcome.errorText.contains("database")
            #expect(isNamed, "\(context): \(outcome.errorText)")
        }
        try disk.remount("size=256M,nr_inodes=100000")
        try work.checkOldOrNew(context)
        try work.prepareAgain()
        let next = try work.command.run()
        #expect(next.code == 0, "\(context): next run: \(next.ending) \(next.errorText)")
        try work.checkDone(context)
        return outcome.code != 0
    }

    /// Calls `body` with the project, as it was stored, on a new disk.
    private func onNewDisk<Result>(_ work: Work, _ body: (Mount) throws -> Result) throws -> Result {
        let sandbox = work.sandbox
        try sandbox.remove(work.project.place)
        return try Mount.withMemory(at: directory(of: work), in: sandbox) { disk in
            try sandbox.run(
                "/bin/cp",
                [
                    "-a", "--no-preserve=links", "--", sandbox.path("stored/."),
                    sandbox.path(work.project.place),
                ])
            return try body(disk)
        }
    }

    /// How much an undisturbed run takes.
    private func need(of work: Work, _ shortage: Shortage) throws -> Int {
        try onNewDisk(work) { disk in
            let before = try disk.used
            let outcome = try work.command.run()
            try #require(outcome.code == 0, "\(outcome.errorText)")
            let after = try disk.used
            switch shortage {
            case .bytes: return after.byteCount - before.byteCount
            case .inodes: return max(1, after.inodeCount - before.inodeCount)
            }
        }
    }
}
