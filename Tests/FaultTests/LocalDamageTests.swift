// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// Damage in a clone: what has a second source is made anew, all else is told, and wrong bytes go nowhere.
struct LocalDamageTests {
    private let sandbox: Sandbox
    private let project: Project
    private let data: Tree

    private var repository: String { project.repository }
    private var state: String { "\(repository)/.git/reg" }

    /// A version of `data` pushed, and a next one added and committed.
    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
        for number in 0..<20 {
            try sandbox.write(
                "\(project.repository)/data/\(number)", seededBytes(count: 3_000, seed: UInt64(number)))
        }
        try project.pushAll(["data"])
        try sandbox.write("\(project.repository)/data/new", seededBytes(count: 100_000, seed: 99))
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        data = try sandbox.tree("\(project.repository)/data")
        try project.store(as: "stored")
        try project.restore(from: "stored")
    }

    /// Flips one bit of a file that is not linked to the stored one any more, and calls `body`; again and again.
    private func flipping(_ name: String, _ body: (String) throws -> Void) throws {
        let whole = try sandbox.read(name)
        var random = SeededRandom(seed: printedSeed(name))
        for _ in 0..<Soak.count(4, full: 200) {
            try project.restore(from: "stored")
            let bit = Int.random(in: 0..<8 * whole.count, using: &random)
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            try sandbox.remove(name)
            try sandbox.write(name, bytes)
            try body("\(name), bit \(bit)")
        }
    }

    /// Pulls the lock into a place of its own: the right bytes or an error.
    private func checkPull(_ codes: Set<Int32>, _ context: String) throws {
        let outcome = try sandbox.reg(["pull", "data", "-o", "../out"], in: repository).run()
        expectFailure(outcome, codes, "\(context): pull")
        if outcome.code == 0 {
            #expect(try sandbox.tree("\(project.place)/out").entries == data.entries, "\(context): pull")
        } else {
            #expect(!sandbox.exists("\(project.place)/out"), "\(context): pull")
        }
    }

    /// A push of what is damaged is refused, or `verify` says it of the registry.
    private func checkPush(_ codes: Set<Int32>, _ context: String) throws {
        let outcome = try sandbox.reg(["push"], in: repository).run()
        expectFailure(outcome, codes, "\(context): push")
        guard outcome.code == 0 else { return }
        let verify = try sandbox.reg(["verify", "--data"], in: repository).run()
        let pull = try sandbox.reg(["pull"], in: try project.clone(as: "clone")).run()
        expectFailure(verify, [0, 4], "\(context): verify")
        expectFailure(pull, [0, 4], "\(context): pull from the registry")
        // What verify finds sound can be pulled.
        #expect(verify.code == 4 || pull.code == 0, "\(context): verify passes over what a pull trips over")
    }

    private func newest(_ kind: String) throws -> String {
        let registry = try sandbox.tree(project.registry).files.keys
        let names = try sandbox.tree("\(state)/store").files.keys.filter { !registry.contains($0) }
        return "\(state)/store/" + (try #require(names.first { $0.lossy.hasPrefix(kind) })).lossy
    }

    @Test func damagedPackOfTheStoreIsFound() throws {
        try flipping(try newest("packs/")) { context in
            try checkPull([0, 4], context)
            try checkPush([0, 4], context)
        }
    }

    @Test func damagedManifestOfTheStoreIsFound() throws {
        try flipping(try newest("manifests/")) { context in
            try checkPull([4], context)
            // The files in the tree are the version too: they are sent in its place.
            try checkPush([0, 4], context)
        }
    }

    /// What is missing is named; where the files are in the tree they take its place.
    @Test(arguments: ["packs/", "manifests/"], [true, false])
    func missingObjectOfTheStoreComesFromTheFiles(kind: String, addingAgain: Bool) throws {
        let lost = try newest(kind)
        try sandbox.remove(lost)
        try sandbox.run("/bin/mv", ["--", "data", "elsewhere"], in: repository)
        for arguments in [["push"], ["pull", "data", "-o", "../out"]] {
            let outcome = try sandbox.reg(arguments, in: repository).run()
            // Without a manifest the artifact counts as one that the store never took in.
            let isRecordedOnly = kind == "manifests/" && arguments[0] == "push"
            expectFailure(outcome, [isRecordedOnly ? 3 : 5], "\(lost) is missing: \(arguments[0])")
            #expect(outcome.errorText.contains("data"), "\(outcome.errorText)")
        }
        try sandbox.run("/bin/mv", ["--", "elsewhere", "data"], in: repository)
        if addingAgain { try sandbox.succeed(["add", "data"], in: repository) }
        try sandbox.succeed(["push"], in: repository)
        try project.expectSound("after the push")
        try checkPull([0], "after the push")
    }

    @Test func damagedLockLosesNothing() throws {
        try flipping("\(repository)/reg.lock") { context in
            for arguments in [["pull"], ["status"], ["push"], ["pull", "data", "-o", "../apart"]] {
                let outcome = try sandbox.reg(arguments, in: repository).run()
                expectFailure(outcome, [0, 2, 3, 5, 6, 13], "\(context): \(arguments[0])")
            }
            #expect(try sandbox.tree("\(repository)/data").entries == data.entries, "\(context)")
            try sandbox.git(["checkout", "--quiet", "--", "reg.lock"], in: repository)
            try sandbox.succeed(["pull"], in: repository)
            try sandbox.succeed(["push"], in: repository)
            try project.expectSound(context)
        }
    }

    /// A push that was killed when its record was about to get its name has left it in the journal.
    @Test(.needsTracing) func damagedJournalIsPassedOver() throws {
        try #require(
            try sandbox.traced(["push"], in: repository, calls: ["linkat"]).run().code == 0)
        let last = try sandbox.trace().count(of: "linkat")
        try project.restore(from: "stored")
        let kill = Tampering("linkat", .kill, at: last)
        _ = try sandbox.traced(["push"], in: repository, calls: ["linkat"], kill).run()
        let pending = try sandbox.names("\(state)/journal").filter { $0.hasSuffix(".record") }
        try #require(pending.count == 1)
        try sandbox.remove("stored")
        try project.store(as: "stored")
        try project.restore(from: "stored")
        try flipping("\(state)/journal/\(pending[0])") { context in
            let outcome = try sandbox.reg(["push"], in: repository).run()
            expectFailure(outcome, [0], "\(context): push")
            #expect(try project.records().count == 2, "\(context)")
            try project.expectSound(context)
        }
    }

    // MARK: The database

    private func answers() throws -> [JSON] {
        try ["ls", "log", "status"].map { try sandbox.succeed([$0, "--json"], in: repository) }
    }

    @Test func lostDatabaseChangesNoAnswer() throws {
        let before = try answers()
        let name = "\(state)/manifest.sqlite"
        let size = try sandbox.read(name).count
        let seed = printedSeed("database")
        for number in 0..<Soak.count(1, full: 50) {
            for bytes in [nil, seededBytes(count: size, seed: seed &+ UInt64(number)), []] {
                try project.restore(from: "stored")
                try sandbox.remove(name)
                if let bytes { try sandbox.write(name, bytes) }
                #expect(try answers() == before, "\(bytes?.count ?? -1) random bytes, seed \(seed)")
                try sandbox.succeed(["push"], in: repository)
                try project.expectSound("after the loss")
            }
        }
    }

    /// SQLite's own damage shows, and the database is made anew.
    @Test func damagedDatabaseBringsNoWrongBytes() throws {
        let before = try answers()
        var different = 0
        try flipping("\(state)/manifest.sqlite") { context in
            if try answers() != before { different += 1 }
            let outcome = try sandbox.reg(["add", "data"], in: repository).run()
            expectFailure(outcome, [0], "\(context): add")
            try checkPull([0], context)
            try checkPush([0], context)
        }
        print("damaged database: \(different) other answers")
    }
}
