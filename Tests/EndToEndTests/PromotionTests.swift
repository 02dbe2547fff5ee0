// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

extension Sandbox {
    /// A project with versions 1 to `count` of `det`, and `val`, all pushed; the gate `prod` is committed.
    func gatedProject(versions count: Int = 2, require: [String], dataset: String = "") throws -> Place {
        let work = try project()
        try work.write("images\n", to: "val/a.txt")
        try work.write("weights 1\n", to: "det/w.bin")
        try work.setGate(require, dataset: dataset)
        try work.reg("add", "det", "val")
        try work.commit("first")
        try work.reg("push")
        for number in 1..<max(2, count) {
            try work.pushNextVersion("weights \(number + 1)\n", to: "det/w.bin")
        }
        return work
    }
}

extension Place {
    /// Puts the gate `prod` at the end of `reg.toml`, in the place of one that is there.
    func setGate(_ require: [String], dataset: String = "") throws {
        let text = try self.text(of: "reg.toml").components(before: "\n[gate")
        let list = require.map { JSON.string($0).compact }.joined(separator: ", ")
        let datasets = dataset.isEmpty ? "" : "dataset = [\"\(dataset)\"]\n"
        try write("\(text)\n[gate.prod]\nrequire = [\(list)]\n\(datasets)", to: "reg.toml")
    }

    /// States what a version of `det` measures, by pushing it once more.
    func state(_ metrics: String, of name: String = "det") throws {
        try write(metrics, to: "metrics.json")
        try reg("push", name, "--metrics", "metrics.json")
    }

    /// Runs `reg promote --json`, whatever comes of it.
    func promotion(_ arguments: String...) throws -> (code: Int32?, document: JSON, errors: String) {
        let words = ["promote"] + arguments + ["--json"]
        let outcome = try runReg(words.map { Array($0.utf8) })
        let document = (try? JSON.parse(outcome.output)) ?? .null
        if document != .null {
            #expect(try Promise(command: words).faults(in: document) == [], "\(document.pretty)")
        }
        return (outcome.code, document, outcome.errorText)
    }
}

extension String {
    fileprivate func components(before mark: String) -> String {
        guard let range = firstRange(of: mark) else { return self }
        return String(self[..<range.lowerBound])
    }
}

/// Aliases, moved by `reg promote` where their gates allow.
@Suite struct PromotionTests {
    @Test func aGateThatIsMetMovesTheAlias() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(
                require: ["map50 >= 0.81", "20 >= latency_ms", "map50 >= current.map50 - 0.005"])
            try work.state("{\"map50\": 0.82, \"latency_ms\": 18}")
            let (code, first, _) = try work.promotion("det", "--to", "prod")
            #expect(
                code == 0 && first.flag("promoted") == true && first["from"] == .null
                    && first.count("to") == 2)
            #expect(first.list("gate").map { $0.flag("skipped") } == [false, false, true])
            let latency = first.list("gate")[1]
            #expect(latency.text("metric") == "latency_ms" && latency.text("operator") == "<=")
            #expect(latency["value"] == 18.0 && latency["bound"] == 20.0)
            #expect(
                first.text("alias") == "prod"
                    && first["metrics_from"]?.count("record") == first.count("record").map { $0 - 1 })

            try work.pushNextVersion("weights 3\n", to: "det/w.bin")
            try work.state("{\"map50\": 0.816, \"latency_ms\": 18}")
            let (_, second, _) = try work.promotion("det", "--to", "prod")
            #expect(second.flag("promoted") == true && second.count("from") == 2 && second.count("to") == 3)
            let compared = second.list("gate")[2]
            #expect(compared["baseline"] == 0.82 && compared.flag("ok") == true)
            let record = try #require(try sandbox.forge.operations.last)
            #expect(record.text("op") == "promote" && record["gate"]?.text("name") == "prod")
            #expect(record["gate"]?.text("commit") == (try work.git("rev-parse", "HEAD")))
        }
    }

    @Test func aGateThatIsNotMetMovesNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 0.81", "val.iou > 0.5", "nan < 1"])
            try work.state("{\"map50\": 0.79, \"val\": {\"io\": 1}, \"nan\": NaN}")
            let count = try sandbox.forge.records.count
            let (code, document, errors) = try work.promotion("det", "--to", "prod")
            #expect(code == 10 && document.flag("promoted") == false && document["record"] == .null)
            #expect(document.list("gate").map { $0.flag("ok") } == [false, false, false])
            #expect(document.list("gate")[1]["value"] == .null && document.list("gate")[2]["value"] == "NaN")
            #expect(errors.contains("map50 is 0.79, not >= 0.81") && errors.contains("has val.io"))
            let text = try work.runReg(["promote", "det", "--to", "prod"].map { Array($0.utf8) })
            #expect(text.code == 10)
            for word in ["KPI", "VALUE", "BOUND", "map50", "0.79", "0.81", "failed", "missing"] {
                #expect(text.text.contains(word), "\(word): \(text.text)")
            }
            #expect(
                try work.fails(10, "promote", "det@v2", "--to", "prod", "--dry-run").contains("gate prod"))
            #expect(try sandbox.forge.records.count == count)
            #expect(try work.fails(5, "history", "prod").contains("no alias prod"))
        }
    }

    @Test func theCommittedGateCounts() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 0.81"])
            try work.state("{\"map50\": 0.79}")
            try work.setGate(["map50 >= 0.1"])
            let (code, document, _) = try work.promotion("det", "--to", "prod")
            #expect(code == 10 && document.texts("notes").first?.contains("committed") == true)
            try work.commit("a lower gate")
            let (allowed, _, _) = try work.promotion("det", "--to", "prod")
            #expect(allowed == 0)
        }
    }

    @Test func aDryRunAndWhatIsThereAlreadyWriteNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 0.81"])
            try work.state("{\"map50\": 0.9}")
            let count = try sandbox.forge.records.count
            let (code, document, _) = try work.promotion("det", "--to", "prod", "--dry-run")
            #expect(code == 0 && document.flag("promoted") == false && document.flag("dry_run") == true)
            #expect(document.list("gate").count == 1)
            #expect(try sandbox.forge.records.count == count)
            try work.reg("promote", "det", "--to", "prod")
            let (again, there, _) = try work.promotion("det", "--to", "prod")
            #expect(again == 0 && there["record"] == .null && there.flag("promoted") == false)
            #expect(try work.reg("promote", "det", "--to", "prod").text.contains("already"))
            #expect(try sandbox.forge.records.count == count + 1)
        }
    }

    @Test func gatesArePassedByWithAReason() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 0.81"])
            try work.reg("promote", "det@v1", "--to", "prod", "--no-gate", "site 4 is down")
            let entry = try #require(try work.json("history", "prod").list("entries").first)
            #expect(entry.text("reason") == "site 4 is down" && entry["gate"] == .null)
            #expect(try work.reg("log").text.contains("site 4 is down"))
            try work.fails(2, "promote", "det", "--to", "prod", "--gate", "prod", "--no-gate", "x")
        }
    }

    @Test func whereThereIsNoGateItIsSaid() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 0.81"])
            let (code, document, _) = try work.promotion("det", "--to", "staging")
            #expect(code == 0 && document.flag("promoted") == true && document.list("gate").isEmpty)
            #expect(document.texts("notes").first?.contains("no gate staging") == true)
            #expect(
                try work.fails(2, "promote", "det@v1", "--to", "staging", "--gate", "other").contains("prod"))
            #expect(
                try work.fails(10, "promote", "det@v1", "--to", "staging", "--gate", "prod").contains("prod"))
        }
    }

    @Test func gatesLiveInGit() throws {
        try withSandbox { sandbox in
            _ = try sandbox.gatedProject(require: ["map50 >= 0.81"])
            let elsewhere = try sandbox.directory("elsewhere")
            let registry = sandbox.registry.lossy
            let failure = try elsewhere.fails(
                2, "promote", "det@v1", "--to", "prod", "--registry", registry)
            #expect(failure.contains("--no-gate"))
            try elsewhere.reg(
                "promote", "det@v1", "--to", "prod", "--no-gate", "by hand", "--registry", registry)
            try elsewhere.reg("pull", "det@prod", "-o", "out", "--registry", registry)
            #expect(try elsewhere.text(of: "out/w.bin") == "weights 1\n")
        }
    }

    @Test func whatIsNotThereCannotBePromoted() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 0.81"])
            try work.write("weights x\n", to: "det/w.bin")
            try work.reg("add")
            #expect(try work.fails(5, "promote", "det", "--to", "prod").contains("push it first"))
            try work.fails(5, "promote", "det@v9", "--to", "prod")
            try work.fails(5, "promote", "det@nothing", "--to", "prod")
            for alias in ["latest", "v7", "run-1", "Prod", "abcdef0"] {
                try work.fails(2, "promote", "det@v1", "--to", alias)
            }
        }
    }

    @Test func mistakesInGatesAreShown() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 0.81"])
            try work.setGate(["map50 => 0.81"])
            let failure = try work.fails(2, "status")
            #expect(
                failure.contains("gate.prod.require: an equality is written ==\n  map50 => 0.81\n        ^"))
            for (text, message) in [
                ("require = []", "requires nothing"), ("dataset = [\"val\"]", "requires nothing"),
                ("require = [\"a > 1\"]\nrequired = []", "has the key 'required'"),
                ("require = \"a > 1\"", "is not a list of strings"),
                ("require = [\"a > 1\"]\ndataset = [\"VAL\"]", "'VAL' is no name"),
            ] {
                try work.setGate([])
                let head = try work.text(of: "reg.toml").split(separator: "[gate")[0]
                try work.write("\(head)[gate.prod]\n\(text)\n", to: "reg.toml")
                #expect(try work.fails(2, "status").contains(message))
            }
        }
    }

    // MARK: Where metrics are from

    @Test func runsCountThatWroteOrReadTheVersion() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(versions: 3, require: ["map50 >= 0.8"])
            let forge = sandbox.forge
            let commit = try work.git("rev-parse", "HEAD")
            let (val, second, third) = (
                try forge.version("val", in: work), try forge.version("det@v2", in: work),
                try forge.version("det@v3", in: work)
            )
            let training = try forge.appendPin([val], commit: commit)
            let written = try forge.appendRun(of: training, metrics: ["map50": 0.9], outputs: [second])
            #expect(
                try work.promotion("det@v2", "--to", "prod", "--dry-run").document["metrics_from"]?.text(
                    "run") == written)
            let evaluation = try forge.appendPin([val, second], commit: commit)
            let read = try forge.appendRun(of: evaluation, metrics: ["map50": 0.7])
            let (code, document, errors) = try work.promotion("det@v2", "--to", "prod", "--dry-run")
            #expect(code == 10 && document["metrics_from"]?.text("run") == read, "\(errors)")
            // Neither a run that failed, nor one without metrics, nor one that trained another version from this one,
            // nor one that repeats another.
            try forge.appendRun(
                of: training, metrics: ["map50": 0.94], outputs: [second], repeating: written)
            try forge.appendRun(of: evaluation, metrics: ["map50": 0.95], status: "failed")
            try forge.appendRun(of: evaluation, metrics: [:])
            try forge.appendRun(of: evaluation, metrics: ["map50": 0.96], outputs: [third])
            #expect(
                try work.promotion("det@v2", "--to", "prod", "--dry-run").document["metrics_from"]?.text(
                    "run") == read)
            #expect(try work.promotion("det@v3", "--to", "prod", "--dry-run").code == 0)
            try work.git("checkout", "--quiet", "HEAD~1")
            try work.reg("pull", "--force")
            try work.state("{\"map50\": 0.85}")
            let stated = try work.promotion("det@v2", "--to", "prod").document
            #expect(stated.flag("promoted") == true && stated["metrics_from"]?["run"] == .null)
        }
    }

    @Test func aGateMayAskForDatasets() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 0.8"], dataset: "val")
            try work.state("{\"map50\": 0.99}")
            let forge = sandbox.forge
            let commit = try work.git("rev-parse", "HEAD")
            let (_, _, errors) = try work.promotion("det", "--to", "prod")
            #expect(errors.contains("no run on the datasets"))
            let (val, model) = (try forge.version("val", in: work), try forge.version("det", in: work))
            let pin = try forge.appendPin([val, model], commit: commit)
            try forge.appendRun(of: pin, metrics: ["map50": 0.85])
            try work.write("other images\n", to: "val/a.txt")
            try work.reg("add")
            try work.commit("other images")
            try work.reg("push")
            #expect(try work.promotion("det", "--to", "prod").code == 10, "the lock has another val now")
            try work.git("checkout", "--quiet", "HEAD~1")
            #expect(try work.promotion("det@v2", "--to", "prod").document.flag("promoted") == true)
            try work.setGate(["map50 >= 0.8"], dataset: "test")
            try work.commit("another dataset")
            #expect(
                try work.fails(2, "promote", "det@v1", "--to", "prod").contains("test, which the reg.lock"))
        }
    }

    @Test func theHolderIsMeasuredInTheSameWay() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 > current.map50"])
            try work.reg("promote", "det@v1", "--to", "prod", "--no-gate", "first")
            try work.state("{\"map50\": 0.9}")
            let (code, _, errors) = try work.promotion("det@v2", "--to", "prod")
            #expect(code == 10 && errors.contains("of the version that the alias holds"), "\(errors)")
        }
    }

    // MARK: history and rollback

    @Test func rollbacksGoFurtherBackEachTime() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(versions: 3, require: ["map50 >= 2"])
            for number in [1, 2, 3] {
                try work.reg("promote", "det@v\(number)", "--to", "prod", "--no-gate", "r\(number)")
            }
            #expect(try work.json("rollback", "prod").count("to") == 2)
            #expect(try work.json("rollback", "det@prod").count("to") == 1)
            #expect(try work.fails(5, "rollback", "prod").contains("held nothing before"))
            try work.reg("promote", "det@v3", "--to", "prod", "--no-gate", "again")
            let back = try work.json("rollback", "prod")
            #expect(back.count("from") == 3 && back.count("to") == 1)
            let entries = try work.json("history", "det@prod").list("entries")
            #expect(entries.map { $0.count("to") } == [1, 3, 1, 2, 3, 2, 1])
            #expect(entries.map { $0.flag("rollback") } == [true, false, true, true, false, false, false])
            #expect(entries.last?["from"] == .null && entries[0].text("author")?.contains("Ada") == true)
            let text = try work.reg("history", "prod").text
            #expect(text.contains("back to v1 (was v3)") && text.contains("no gate: again"))
            #expect(text.contains("v1 (was nothing)") && text.contains("v2 (was v1)"))
        }
    }

    @Test func anAliasOfSeveralNamesHasToBeNamed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 2"])
            for name in ["det@v1", "val@v1", "det@v2"] {
                try work.reg("promote", name, "--to", "prod", "--no-gate", "x")
            }
            #expect(try work.fails(2, "rollback", "prod").contains("det@prod, val@prod"))
            #expect(try work.json("history", "prod").list("entries").count == 3)
            #expect(try work.json("history", "val@prod").list("entries").count == 1)
            try work.reg("rollback", "det@prod")
            #expect(try work.json("show", "det@prod").count("version") == 1)
            try work.fails(5, "rollback", "det@other")
            try work.fails(2, "rollback", "det@v1")
            try work.fails(2, "history", "a@b@c")
        }
    }

    // MARK: References and lists

    @Test func aliasesAndRunsNameVersions() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 2"])
            try work.reg("promote", "det@v1", "--to", "prod", "--no-gate", "x")
            try work.git("branch", "prod", "HEAD")
            #expect(
                try work.reg("cat", "det@prod:w.bin").text == "weights 1\n", "an alias comes before a branch")
            #expect(try work.reg("cat", "det@git:prod:w.bin").text == "weights 2\n")
            #expect(try work.reg("cat", "det@main:w.bin").text == "weights 2\n")
            let forge = sandbox.forge
            let pin = try forge.appendPin(
                [try forge.version("val", in: work)], commit: try work.git("rev-parse", "HEAD"))
            let run = try forge.appendRun(
                of: pin, metrics: ["map50": 1], outputs: [try forge.version("det@v1", in: work)])
            #expect(try work.json("show", "det@\(run)").count("version") == 1)
            #expect(try work.json("show", "det@\(run.prefix(10))").count("version") == 1)
            try work.fails(5, "show", "val@\(run)")
            try work.fails(5, "show", "det@run-0000000000")
            try work.git("branch", "run-000000", "HEAD")
            #expect(try work.json("show", "det@run-000000").count("version") == 2, "a branch where no run is")
            try work.reg("use", "det@prod")
            #expect(try work.text(of: "reg.lock").contains(try forge.version("det@v1", in: work).digest))
        }
    }

    @Test func listsShowAliasesAndMoves() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 2"])
            try work.reg("promote", "det@v1", "--to", "prod", "--no-gate", "x")
            try work.reg("promote", "det@v2", "--to", "staging")
            let listed = try #require(try work.json("ls").member("artifacts", named: "det"))
            #expect(listed.texts("aliases") == ["prod", "staging"])
            #expect(listed["alias_versions"]?.count("prod") == 1)
            #expect(try work.reg("ls").text.contains("prod v1, staging v2"))
            #expect(try work.json("show", "det@v1").texts("aliases") == ["prod"])
            #expect(try work.reg("show", "det@v1").text.contains("prod"))
            try work.state("{\"map50\": 0.5}")
            let forge = sandbox.forge
            let pin = try forge.appendPin(
                [try forge.version("val", in: work)], commit: try work.git("rev-parse", "HEAD"))
            let run = try forge.appendRun(of: pin, metrics: ["map50": 1])
            let entries = try work.json("log").list("entries")
            #expect(
                entries.prefix(5).map { $0.text("kind") } == ["run", "pin", "measure", "promote", "promote"])
            #expect(entries[0].text("run") == run && entries[0].text("status") == "succeeded")
            #expect(entries[3].text("alias") == "staging" && entries[4].count("version") == 1)
            let text = try work.reg("log").text
            for line in ["\(run.prefix(16)) succeeded", "python3 train.py", "map50 0.5", "staging: new"] {
                #expect(text.contains(line), "\(line): \(text)")
            }
            #expect(
                try work.json("log", "det").list("entries").prefix(3).map { $0.text("kind") } == [
                    "measure", "promote", "promote",
                ])
        }
    }
}
