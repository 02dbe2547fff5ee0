// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// `reg push --metrics`: what somebody states of a version.
@Suite struct PushMetricsTests {
    @Test func statementsGoWithTheVersionInOneRecord() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("somewhere")
            try place.write("weights\n", to: "best.bin")
            try place.write(
                "{\"step\": 1, \"loss\": 3}\n{\"step\": 2, \"loss\": 1, \"val\": {\"map\": 0.5}}\n",
                to: "m.jsonl")
            let document = try place.json(
                "push", "./best.bin", "--as", "det", "--metrics", "m.jsonl", "--registry",
                sandbox.registry.lossy)
            #expect(document.count("record") == 1)
            #expect(document["metrics"] == ["loss": 1.0, "val.map": 0.5])
            let operations = try sandbox.forge.operations
            #expect(operations.map { $0.text("op") } == ["push", "measure"])
            #expect(operations[1]["metrics"]?["loss"] == [1.0, 1.0, 3.0])
        }
    }

    @Test func anUnchangedVersionIsMeasuredToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let count = try sandbox.forge.records.count
            try work.write("{\"map50\": 0.5, \"nan\": NaN}", to: "m.json")
            let first = try work.json("push", "data", "--metrics", "m.json")
            #expect(first.count("record") == Int64(count + 1) && first["binding"]?.flag("new") == false)
            #expect(
                first.texts("notes").first?.contains("NaN, which meets no condition of a gate: nan") == true)
            #expect(try work.json("push", "data", "--metrics", "m.json")["record"] == .null, "the same again")
            #expect(try sandbox.forge.operations.last?.text("op") == "measure")
            try work.write("{\"map50\": 0.6}", to: "m.json")
            #expect(
                try work.json("push", "--metrics", "m.json").count("record") == Int64(count + 2),
                "the lock has one")
            try work.reg("push", "data")
            #expect(try sandbox.forge.records.count == count + 2)
        }
    }

    @Test func mistakesAreNamedAndPushNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let count = try sandbox.forge.records.count
            try work.write("more\n", to: "other/b.txt")
            try work.write("{\"a\": 1}\n{\"a\": oops}\n", to: "bad.jsonl")
            try work.write("{\"note\": \"x\"}", to: "none.json")
            #expect(
                try work.fails(2, "push", "data", "--metrics", "bad.jsonl").contains(
                    "bad.jsonl: line 2: unexpected byte"))
            #expect(try work.fails(2, "push", "data", "--metrics", "none.json").contains("no metrics"))
            try work.fails(5, "push", "data", "--metrics", "nothing.json")
            try work.fails(2, "push", "data", "--metrics", "other")
            #expect(
                try work.fails(2, "push", "data", "./other", "--metrics", "none.json").contains(
                    "2 would be pushed"))
            #expect(try sandbox.forge.records.count == count)
        }
    }
}
