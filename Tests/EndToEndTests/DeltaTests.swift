// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// New bytes that are coded against those of earlier versions.
@Suite struct DeltaTests {
    private static let model = BytePath("model.safetensors")
    private static let first = weightsInBF16(count: 400_000, seed: 1)

    /// The weights after one more step of training: of every 16 one moved up, by the smallest step there is.
    private static func trained(_ weights: [UInt8], from start: Int) -> [UInt8] {
        var weights = weights
        for index in stride(from: weights.count - 800_000 + 2 * (start % 16), to: weights.count - 1, by: 32) {
            weights[index] &+= 1
        }
        return weights
    }

    private func push(_ weights: [UInt8], in work: Place, _ flags: String...) throws -> Int64 {
        try work.write(weights, to: Self.model)
        let added = try #require(
            try work.json((["add", "model.safetensors"] + flags).map { Array($0.utf8) }).list("artifacts")
                .first)
        try work.reg("push")
        return try #require(added.count("stored_bytes"))
    }

    private func project(_ sandbox: Sandbox) throws -> Place {
        let work = try sandbox.project()
        _ = try push(Self.first, in: work)
        return work
    }

    @Test func trainedWeightsTakeLittleAndComeBack() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            let trained = Self.trained(Self.first, from: 0)
            let stored = try push(trained, in: work)
            #expect(stored < Self.first.count / 10, "\(stored) bytes")
            let elsewhere = try sandbox.directory("elsewhere")
            for (version, weights) in [(1, Self.first), (2, trained)] {
                let pulled = try elsewhere.json(
                    "pull", "model@v\(version)", "-o", "v\(version)", "--registry", sandbox.registry.lossy)
                #expect(pulled.list("artifacts").count == 1)
                #expect(try readFile(elsewhere["v\(version)/model.safetensors"]) == weights)
                let script = ReaderTests.script("restore.py")
                let outcome = try work.run(
                    "python3", [script, sandbox.registry.lossy, "model", "\(version)", "r\(version)"])
                #expect(outcome.code == 0, "\(outcome.errorText)")
                #expect(try readFile(work["r\(version)/model.safetensors"]) == weights)
            }
            #expect(try work.reg("cat", "model@v2:model.safetensors").output == trained)
            #expect(try work.json("verify", "--data").flag("ok") == true)
        }
    }

    /// Each version is coded against the one before, until that would be one base too many.
    @Test func aSeriesOfCheckpointsIsBounded() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            var weights = [Self.first]
            var sizes: [Int64] = []
            for step in 1...7 {
                weights.append(Self.trained(weights[step - 1], from: step))
                sizes.append(try push(weights[step], in: work))
            }
            let isLarge = sizes.map { $0 > Int64(Self.first.count / 4) }
            #expect(isLarge == [false, false, false, false, true, false, false], "\(sizes)")
            let elsewhere = try sandbox.directory("elsewhere")
            for version in [1, 5, 6, 8] {
                try elsewhere.reg(
                    "pull", "model@v\(version)", "-o", "v\(version)", "--registry", sandbox.registry.lossy)
                #expect(try readFile(elsewhere["v\(version)/model.safetensors"]) == weights[version - 1])
            }
        }
    }

    @Test func editedTextTakesLittle() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            var lines = (0..<60_000).map { "\($0),\($0 &* 2_654_435_761 % 999_983),\($0 % 7)" }
            func add() throws -> Int64 {
                try work.write(Array(lines.joined(separator: "\n").utf8), to: BytePath("data/rows.csv"))
                let added = try #require(try work.json("add", "data").list("artifacts").first)
                try work.reg("push")
                return try #require(added.count("stored_bytes"))
            }
            _ = try add()
            for line in stride(from: 17, to: lines.count, by: 1_000) { lines[line] = "edited" }
            lines.insert("a new line", at: 100)
            #expect(try add() < 6_000)
            let elsewhere = try sandbox.directory("elsewhere")
            try elsewhere.reg("pull", "data", "-o", "data", "--registry", sandbox.registry.lossy)
            #expect(try readText(elsewhere["data/rows.csv"]) == lines.joined(separator: "\n"))
        }
    }

    @Test func deltasCanBeSwitchedOff() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            let half = Int64(Self.first.count / 2)
            #expect(try push(Self.trained(Self.first, from: 3), in: work, "--no-delta") > half)
            let settings = try readText(work["reg.toml"])
            try work.write(settings + "store.delta = false\n", to: "reg.toml")
            #expect(try push(Self.trained(Self.first, from: 5), in: work) > half)
            try work.write(settings + "store.delta = 1\n", to: "reg.toml")
            let failure = try work.fails(2, "add", "model.safetensors")
            #expect(failure.contains("store.delta"), "\(failure)")
        }
    }

    /// Another name has no version before: the model that was trained on is named.
    @Test func anotherArtifactCanBeTheBase() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            try work.write(Self.trained(Self.first, from: 2), to: BytePath("tuned/other.safetensors"))
            let alone = try work.json("add", "tuned", "--no-delta", "--as", "alone").list("artifacts").first
            #expect(try #require(alone?.count("stored_bytes")) > Int64(Self.first.count / 2))
            try work.reg("rm", "alone")
            let elsewhere = try sandbox.directory("elsewhere")
            try elsewhere.write(Self.trained(Self.first, from: 4), to: BytePath("other.safetensors"))
            let pushed = try elsewhere.json(
                "push", "./other.safetensors", "--as", "tuned", "--base", "model@v1", "--registry",
                sandbox.registry.lossy)
            let sent = try #require(pushed.list("artifacts").first?.count("uploaded_bytes"))
            #expect(sent < Self.first.count / 10, "\(sent) bytes")
            let missing = try elsewhere.fails(
                5, "push", "./other.safetensors", "--as", "third", "--base", "nobody@v1", "--registry",
                sandbox.registry.lossy)
            #expect(missing.contains("nobody"), "\(missing)")
            try elsewhere.fails(2, "push", "./other.safetensors", "--no-delta", "--base", "model")
        }
    }

    /// What was never pushed would have to be pushed along.
    @Test func aVersionThatWasNotPushedIsNoBase() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(Self.first, to: Self.model)
            try work.reg("add", "model.safetensors")
            #expect(try push(Self.trained(Self.first, from: 6), in: work) > Int64(Self.first.count / 2))
        }
    }

    @Test func aPushFromNowhereFindsTheVersionBefore() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("place")
            let arguments = [
                "push", "./model.safetensors", "--as", "m", "--registry", sandbox.registry.lossy,
            ]
            .map { Array($0.utf8) }
            try place.write(Self.first, to: Self.model)
            try place.json(arguments)
            var longer = Self.first
            longer += [1, 2, 3]
            try place.write(longer, to: Self.model)
            let pushed = try #require(try place.json(arguments).list("artifacts").first)
            #expect(try #require(pushed.count("uploaded_bytes")) < 100_000)
        }
    }

    /// A version whose base is damaged cannot be read, and is told of.
    @Test func aDamagedBaseIsFound() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            let packs = try work.objects(ofKind: "packs")
            _ = try push(Self.trained(Self.first, from: 7), in: work)
            let base = try #require(packs.first)
            try work.damage(base, at: 5_000)
            let elsewhere = try sandbox.directory("elsewhere")
            let failure = try elsewhere.fails(
                4, "pull", "model@v2", "-o", "v2", "--registry", sandbox.registry.lossy)
            #expect(failure.contains("damaged"), "\(failure)")
            #expect(!exists(elsewhere["v2"]))
            let outcome = try work.runReg(["verify", "--data", "--json"].map { Array($0.utf8) })
            #expect(outcome.code == 4)
            let problems = try JSON.parse(outcome.output).list("problems")
            #expect(problems.contains { $0.texts("artifacts").count == 2 }, "\(outcome.text)")
        }
    }
}
