// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

extension Sandbox {
    /// A project with the trainer of examples/trainer and `count` images, pushed; `evaluate.py` is to reach `bound`.
    fileprivate func trainerProject(epochs: Int, count: Int, bound: Int) throws -> Place {
        var work = try project()
        work.environment["OMP_NUM_THREADS"] = "1"
        work.environment["PYTHONDONTWRITEBYTECODE"] = "1"
        for name in try list(TrainerTests.trainer) where name.lossy.hasSuffix(".py") {
            try work.write(try readFile(TrainerTests.trainer.appending(name)), to: name)
        }
        let wheels = Binary.project.appending(".build/demo/wheels").lossy
        try work.python(TrainerTests.trainer.appending("make_data.py").lossy, wheels, ".", "1", "\(count)")
        try work.write(
            """
            {"epochs": \(epochs), "lr": 0.003, "batch_size": 16, "weight_decay": 0.01, "width": 4, "seed": 17}

            """, to: "config/train.json")
        try work.setGate(["latency_ms > 0", "accuracy >= \(bound)"])
        try work.reg("add", "data", "annotations", "config")
        try work.commit("digits")
        try work.reg("push")
        return work
    }

    /// A place of a user who has nothing yet, neither a clone nor a cache; its registry is the sandbox's.
    fileprivate func stranger() throws -> Place {
        var place = try directory("elsewhere")
        let home = path.appending("home-2")
        try makeDirectory(home)
        place.environment["HOME"] = home.lossy
        place.environment["REG_REGISTRY"] = registry.lossy
        place.environment["OMP_NUM_THREADS"] = "1"
        return place
    }
}

extension Place {
    /// What the Python that has Debian's PyTorch prints; it has to succeed.
    @discardableResult fileprivate func python(_ words: String...) throws -> String {
        let outcome = try run("python3", words)
        try #require(outcome.code == 0, "\(words): \(outcome.errorText)")
        return outcome.text
    }

    /// Digests of all that a run of `pin` finds in its directory, as `sha256sum` prints them.
    fileprivate func inputs(of pin: String) throws -> String {
        let script = "find . -type f | LC_ALL=C sort | xargs sha256sum > \"$REG_OUTPUTS/sums\""
        try reg("run", "--pin", pin, "--out", "sums=sums", "--", "sh", "-c", script)
        return try reg("cat", "sums@latest:sums").text
    }
}

/// The trainer of the examples, on a few images: that something comes out, not how good it is.
@Suite struct TrainerTests {
    fileprivate static let trainer = Binary.project.appending("examples/trainer")

    @Test func weightsAreTrainedMeasuredAndJudged() throws {
        try withSandbox { sandbox in
            let work = try sandbox.trainerProject(epochs: 2, count: 60, bound: 2)
            let python = try Binary.find("python3")
            try work.reg(
                "pin", "-o", "../train.pin", "--env", "OMP_NUM_THREADS", "--", python, "train.py")
            let trained = try work.json("run", "--pin", "../train.pin", "--out", "digits=model.safetensors")
            #expect(trained.list("outputs").map { $0.text("name") } == ["digits"])
            for name in ["train.loss", "val.loss", "val.accuracy"] {
                #expect(trained["metrics"]?[name] != nil, "\(name): \(trained.pretty)")
            }

            try work.reg(
                "pin", "--with", "digits@latest", "-o", "../evaluate.pin", "--", python, "evaluate.py")
            let evaluated = try work.json("run", "--pin", "../evaluate.pin")
            for name in ["accuracy", "loss", "latency_ms"] {
                #expect(evaluated["metrics"]?[name] != nil, "\(name): \(evaluated.pretty)")
            }
            let refused = try work.promotion("digits@latest", "--to", "prod")
            #expect(
                refused.code == 10 && refused.document.list("gate").map { $0.flag("ok") } == [true, false])
            try work.setGate(["latency_ms > 0", "accuracy >= 0"])
            let commit = try work.git("rev-parse", "HEAD")
            try work.commit("a bound that any model reaches")
            #expect(try work.promotion("digits@latest", "--to", "prod").code == 0)

            let place = try sandbox.stranger()
            try place.reg("pull", "digits@prod", "-o", "model", "--expect-commit", commit)
            let image = work["data/val"].appending(try #require(try list(work["data/val"]).first))
            let file = image.appending(try #require(try list(image).first)).lossy
            let answer = try place.python(TrainerTests.trainer.appending("infer.py").lossy, "model", file)
            #expect(answer.hasPrefix("\(file): ") && answer.hasSuffix("%)\n"), "\(answer)")

            let repeated = try place.json("rerun", try #require(trained.text("run")))
            let compared = try #require(repeated["compared"])
            for part in ["outputs", "metrics"] {
                #expect(compared.list(part).allSatisfy { $0.flag("same") == true }, "\(compared.pretty)")
            }
            #expect(compared.list("outputs").count == 1 && compared.list("metrics").count == 3)
            #expect(try place.inputs(of: "../train.pin") == work.inputs(of: "../train.pin"))
        }
    }
}
