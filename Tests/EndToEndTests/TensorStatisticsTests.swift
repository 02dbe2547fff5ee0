// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// What is known of tensors without reading them, and models that are divided into files.
@Suite struct TensorStatisticsTests {
    private static let old = TensorDiffTests.backbone
    /// With one layer that is larger than chunks changed.
    private static var new: [HandMade] {
        var new = old
        new[2] = .layer("layer.1.weight", [300, 1_000], 7)
        return new
    }

    /// What a summary says of both sides of a tensor must be what comparing them says.
    private func expectSummary(
        _ place: Place, _ old: String, _ new: String, of tensors: Set<String>,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let full = try place.json("diff", old, new)
        let summary = try place.json("diff", old, new, "--level", "summary")
        #expect(summary.tensors == full.tensors && full.tensors == tensors, sourceLocation: location)
        for tensor in full.list("tensors") {
            let known = try summary.tensor(tensor.text("name") ?? "")
            for side in ["old", "new"] {
                for figure in ["mean", "std", "min", "max"] {
                    let (found, wanted) = (known[side]?.number(figure), tensor[side]?.number(figure))
                    guard let found, let wanted else {
                        #expect(known[side]?[figure] == tensor[side]?[figure], sourceLocation: location)
                        continue
                    }
                    #expect(abs(found - wanted) <= 1e-9 * abs(wanted), sourceLocation: location)
                }
            }
            #expect(known["nan"] == tensor["nan"] && known["inf"] == tensor["inf"], sourceLocation: location)
            if let bound = known.number("rel_l2_at_least"), let value = tensor.number("rel_l2") {
                #expect(bound <= value && bound > 0, sourceLocation: location)
            }
        }
    }

    @Test func versionsKnowTheirTensors() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let changed: Set = ["changed layer.1.weight"]
            for (version, tensors) in [Self.old, Self.new].enumerated() {
                try work.write(HandMade.file(tensors), to: BytePath("models/a.safetensors"))
                try work.write(HandMade.file(Self.new), to: BytePath("models/same.safetensors"))
                try work.write("version \(version)", to: "models/README")
                try work.reg("add", "models")
                try work.commit()
                try work.reg("push")
            }
            try expectSummary(work, "models@v1", "models@v2", of: changed)
            // The file that was not read again has its statistics in the second version as well.
            try work.write(HandMade.file(Self.old), to: BytePath("models/same.safetensors"))
            try work.write(HandMade.file(Self.old), to: BytePath("models/a.safetensors"))
            try work.reg("add", "models/a.safetensors")
            try work.reg("add", "models")
            try work.commit()
            try work.reg("push")
            try expectSummary(work, "models@v2", "models@v3", of: changed)
            // And in a clone that has nothing but the registry.
            let clone = try work.clone()
            try expectSummary(clone, "models@v2", "models@v3", of: changed)
        }
    }

    @Test func streamedAndGitKeptFilesAreKnownAsWell() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(HandMade.file(Self.old), to: BytePath("a.safetensors"))
            try work.write(HandMade.file(Self.new), to: BytePath("b.safetensors"))
            try work.write("rate: 1\n", to: "kept/train.yaml")
            try work.reg("add", "kept")
            for (name, tensors) in [("a", Self.old), ("b", Self.new)] {
                try work.reg("push", "./\(name).safetensors", "--as", name, "--type", "weights")
                try work.write(HandMade.file(tensors), to: BytePath("kept/w.safetensors"))
                try work.commit()
                try work.reg("push", "kept")
            }
            try expectSummary(work, "a", "b", of: ["changed layer.1.weight"])
            try expectSummary(work, "kept@v1", "kept@v2", of: ["changed layer.1.weight"])
        }
    }

    @Test func whatIsNotFiniteIsAWarning() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            var odd = Self.old
            odd[1].bytes.replaceSubrange(8..<12, with: [0, 0, 0xc0, 0x7f])
            odd[2].bytes.replaceSubrange(400_000..<400_004, with: [0, 0, 0x80, 0xff])
            try work.write(HandMade.file(odd), to: BytePath("m/large.safetensors"))
            try work.write(HandMade.file([odd[1]]), to: BytePath("m/small.safetensors"))
            let added = try work.reg("add", "m", "--type", "weights")
            #expect(
                added.errorText.contains(
                    "warning: m: layer.0.bias in large.safetensors has 1 NaN of 50 elements\n"))
            #expect(added.errorText.contains("layer.1.weight in large.safetensors has 1 infinite of 300000"))
            #expect(added.errorText.contains("layer.0.bias in small.safetensors"))
            try work.commit()
            let pushed = try work.json("push").list("artifacts").first?["not_finite"]
            #expect(pushed?.count("tensors") == 3)
            #expect(
                pushed?.list("first").first
                    == ["file": "large.safetensors", "tensor": "layer.0.bias", "nan": 1, "inf": 0])
            // Of a version that is there already nothing is said again.
            #expect(try work.json("push").list("artifacts").first?["not_finite"]?.count("tensors") == 0)
            try work.write(
                HandMade.file((0..<9).map { odd[1].renamed("bias.\($0)") }), to: BytePath("more.safetensors"))
            let lines = try work.reg("push", "./more.safetensors", "--as", "more").errorText
            #expect(
                lines.contains("and 4 tensors more") && lines.split(separator: "\n").count == 6, "\(lines)")
        }
    }

    /// A project with two versions of a directory of models.
    private func withVersions(
        _ old: [String: [HandMade]], _ new: [String: [HandMade]], _ body: (Place) throws -> Void
    ) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for files in [old, new] {
                if work.has("model") { try remove(work["model"]) }
                for (name, tensors) in files {
                    try work.write(HandMade.file(tensors), to: BytePath("model/\(name)"))
                }
                try work.reg("add", "model", "--type", "weights")
                try work.commit()
                try work.reg("push")
            }
            try body(work)
        }
    }

    @Test func aModelDividedAnewIsTheSame() throws {
        let (a, b) = (Self.old, Self.new)
        let old = ["m-1-of-2.safetensors": Array(a[..<2]), "m-2-of-2.safetensors": Array(a[2...])]
        let new = [
            "m-1-of-3.safetensors": [b[0]], "m-2-of-3.safetensors": [b[1], b[2]],
            "m-3-of-3.safetensors": [b[3], .layer("head", [7, 70])],
        ]
        try withVersions(old, new) { work in
            for level in ["full", "summary"] {
                let answer = try work.json("diff", "model@v1", "model@v2", "--level", level)
                #expect(answer.tensors == ["changed layer.1.weight", "added head"])
                #expect(answer["unchanged"]?.count("tensors") == 3)
                #expect(answer.texts("notes") == ["3 tensors lie in other files than before"])
                let tensor = try answer.tensor("layer.1.weight")
                #expect(tensor.text("file") == "m-2-of-3.safetensors")
                #expect(tensor.text("from_file") == "m-2-of-2.safetensors")
                #expect((tensor.number("rel_l2") != nil) == (level == "full"))
            }
            let onDisk = try work.json("diff", "model@v1", "./model")
            #expect(onDisk.tensors == ["changed layer.1.weight", "added head"])
        }
    }

    @Test func aModelOfAnotherNameIsItsNextVersion() throws {
        let readme = ["notes.safetensors": [Self.old[1]]]
        try withVersions(
            readme.merging(["w-v1.safetensors": Self.old + [.layer("head", [7, 70])]]) { $1 },
            readme.merging(["w-v2.safetensors": Self.new]) { $1 }
        ) { work in
            let answer = try work.json("diff", "model@v1", "model@v2")
            #expect(answer.tensors == ["changed layer.1.weight", "removed head"])
            #expect(answer.list("tensors").allSatisfy { $0.text("file") == "w-v2.safetensors" })
            let file = try #require(answer.list("files").first)
            #expect(answer.list("files").count == 1 && file.text("status") == "changed")
            #expect(
                try answer.tensor("layer.1.weight")["from_file"] == JSON.null && answer.list("notes") == [])
            #expect(file.text("path") == "w-v2.safetensors" && file.text("from") == "w-v1.safetensors")
        }
    }

    @Test func aModelMoreIsAFileMore() throws {
        try withVersions(
            ["a.safetensors": Self.old],
            ["a.safetensors": Self.new, "b.safetensors": [.layer("lora", [9, 9])]]
        ) { work in
            let answer = try work.json("diff", "model@v1", "model@v2")
            #expect(answer.tensors == ["changed layer.1.weight"])
            #expect(answer.list("files").map { $0.text("status") } == ["changed", "added"])
        }
    }

    @Test func figuresAreThoseOfNumpy() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("figures")
            let outcome = try place.run(
                "python3", [ReaderTests.script("figures.py"), try Binary.require()])
            #expect(outcome.code == 0, "\(outcome.errorText)")
        }
    }
}
