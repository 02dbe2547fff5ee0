// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Many processes that change the same thing: a clone's lock and database, a name, a binding.
struct SharedStateTests {
    private static let count = 8

    private let sandbox: Sandbox
    private let project: Project

    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
    }

    @Test func addersInOneCloneLoseNothing() throws {
        let (sandbox, project) = (sandbox, project)
        try project.commit()
        for round in 0..<Soak.count(3, full: 25) {
            let outcomes = try onThreads(SharedStateTests.count) { number in
                let name = "own-\(round)-\(number)"
                for file in 0..<5 {
                    let seed = UInt64(1_000 * round + 10 * number + file)
                    try sandbox.write(
                        "\(project.repository)/\(name)/\(file)", seededBytes(count: 20_000, seed: seed))
                }
                return try sandbox.reg(["add", name], in: project.repository).run()
            }
            for outcome in outcomes {
                #expect(
                    outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.ending): \(outcome.errorText)")
            }
            let status = try sandbox.succeed(["status", "--json"], in: project.repository)
            let names = status["artifacts"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
            #expect(names.count == SharedStateTests.count * (round + 1) && status["clean"] == .bool(true))
            let untracked = ["status", "--porcelain", "--untracked-files=all"]
            let seen = try sandbox.git(untracked, in: project.repository)
            #expect(!seen.contains("own-"), "git sees what reg keeps: \(seen)")
        }
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        try project.expectSound("after all adds")
        try sandbox.succeed(["pull"], in: try project.clone(as: "clone"))
        for number in 0..<SharedStateTests.count {
            let pulled = try sandbox.tree("\(project.place)/clone/own-0-\(number)").entries
            #expect(try pulled == sandbox.tree("\(project.repository)/own-0-\(number)").entries)
        }
    }

    @Test func commitIsBoundOnceByAllWhoSayTheSame() throws {
        try sandbox.write("\(project.repository)/data/file", seededBytes(count: 50_000, seed: 1))
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        let clones = try (0..<SharedStateTests.count).map { try project.clone(as: "clone-\($0)") }
        for clone in clones {
            try sandbox.copy("\(project.repository)/data", to: "\(clone)/data")
            try sandbox.succeed(["add", "data"], in: clone)
        }
        let outcomes = try onThreads(clones.count) { [sandbox] number in
            try sandbox.reg(["push", "--json"], in: clones[number]).run()
        }
        for outcome in outcomes {
            #expect(outcome.code == 0, "\(outcome.ending): \(outcome.errorText)")
            let binding = try JSON.parse(outcome.output)["binding"]
            #expect(binding?["commit"]?.stringValue != nil)
        }
        #expect(try project.records().count == 1)
        try project.expectSound("after all pushes")
    }

    @Test func nameBelongsToOneOfManyWhoWantIt() throws {
        let count = SharedStateTests.count
        for number in 0..<count {
            let place = "other-\(number)"
            try sandbox.git(["init", "--quiet", place], in: ".")
            let id = String(repeating: "\(number)", count: 32)
            try sandbox.write(
                "\(place)/reg.toml", Array("project = \"\(id)\"\nregistry = \"../registry\"\n".utf8))
            try sandbox.write("\(place)/model/weights", seededBytes(count: 50_000, seed: UInt64(number)))
            try sandbox.succeed(["add", "model"], in: place)
            try sandbox.git(["add", "--all"], in: place)
            try sandbox.git(["commit", "--quiet", "--message=Model"], in: place)
        }
        let outcomes = try onThreads(count) { [sandbox] number in
            try sandbox.reg(["push"], in: "other-\(number)").run()
        }
        #expect(outcomes.map(\.code).count(where: { $0 == 0 }) == 1)
        #expect(outcomes.map(\.code).count(where: { $0 == 3 }) == count - 1)
        let winner = try #require(outcomes.firstIndex { $0.code == 0 })
        let log = try sandbox.succeed(["log", "--json"], in: "other-\(winner)")["entries"]?.arrayValue ?? []
        #expect(log.count(where: { $0["kind"]?.stringValue == "push" }) == 1)
        try sandbox.succeed(["verify", "--data"], in: "other-\(winner)")
        for outcome in outcomes where outcome.code == 3 {
            #expect(outcome.errorText.contains("model"), "\(outcome.errorText)")
        }
    }
}
