// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// A tensor of a hand-made safetensors file.
struct HandMade {
    let name: String
    var dtype = "F32"
    var shape: [Int]
    var bytes: [UInt8]

    /// Of F32.
    init(_ name: String, _ shape: [Int], _ values: [Float]) {
        self.name = name
        self.shape = shape
        bytes = values.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
    }

    /// The values of a layer, none of them the same.
    static func layer(_ name: String, _ shape: [Int], _ first: Int = 1) -> HandMade {
        HandMade(name, shape, (0..<shape.reduce(1, *)).map { Float($0 + first) / 8 })
    }

    func renamed(_ name: String) -> HandMade {
        var copy = HandMade(name, shape, [])
        (copy.dtype, copy.bytes) = (dtype, bytes)
        return copy
    }

    /// The high halves of the elements.
    var inBF16: HandMade {
        var copy = self
        copy.dtype = "BF16"
        copy.bytes = stride(from: 0, to: bytes.count, by: 4).flatMap { bytes[$0 + 2..<$0 + 4] }
        return copy
    }

    func reshaped(_ shape: [Int]) -> HandMade {
        var copy = self
        copy.shape = shape
        return copy
    }

    static func file(_ tensors: [HandMade]) -> [UInt8] {
        var place = 0
        let entries = tensors.map { tensor in
            defer { place += tensor.bytes.count }
            let range = "[\(place),\(place + tensor.bytes.count)]"
            return
                #""\#(tensor.name)":{"dtype":"\#(tensor.dtype)","shape":\#(tensor.shape),"data_offsets":\#(range)}"#
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
            + tensors.flatMap(\.bytes)
    }
}

extension JSON {
    /// What it says of each tensor: `status name`, and `<- name` for its former one.
    var tensors: Set<String> {
        Set(
            list("tensors").map { tensor in
                let former = tensor.text("from").map { " <- \($0)" } ?? ""
                return "\(tensor.text("status") ?? "") \(tensor.text("name") ?? "")\(former)"
            })
    }

    /// What it says of each tensor, but for what only the statistics of stored versions say.
    fileprivate var comparisons: [JSONObject] {
        list("tensors").map { tensor in
            var members = tensor.objectValue ?? [:]
            if tensor["rel_l2"] == JSON.null {
                for key in ["old", "new", "nan", "inf"] { members[key] = nil }
            }
            return members
        }
    }

    func tensor(_ name: String) throws -> JSON {
        try #require(list("tensors").first { $0.text("name") == name })
    }

    func number(_ key: String) -> Double? {
        if case .number(let value)? = self[key] { value } else { nil }
    }
}

/// What differs between two versions of a model.
@Suite struct TensorDiffTests {
    /// A project with two versions of the artifact `model`, a file of that name, the second one of which lies there too.
    private func withVersions(
        _ old: [UInt8], _ new: [UInt8], name: String = "model.safetensors", _ body: (Place) throws -> Void
    ) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for bytes in [old, new] {
                try work.write(bytes, to: BytePath(name))
                try work.reg("add", name, "--as", "model", "--type", "weights")
                try work.commit()
                try work.reg("push")
            }
            try body(work)
        }
    }

    /// The document of both versions, which must be the same from what is stored and from what lies on disk.
    private func compared(_ old: [UInt8], _ new: [UInt8]) throws -> JSON {
        var answer = JSON.null
        try withVersions(old, new) { work in
            answer = try work.json("diff", "model@v1", "model@v2")
            let onDisk = try work.json("diff", "model@v1", "./model.safetensors")
            #expect(answer.comparisons == onDisk.comparisons && answer["unchanged"] == onDisk["unchanged"])
            let summary = try work.json("diff", "model@v1", "model@v2", "--level", "summary")
            #expect(summary.tensors == answer.tensors && summary["unchanged"] == answer["unchanged"])
            #expect(summary.list("tensors").allSatisfy { $0["rel_l2"] == JSON.null })
            #expect(try work.json("diff", "model@v1", "model@v2", "--level", "files").list("tensors") == [])
        }
        return answer
    }

    static let backbone = [
        HandMade.layer("layer.0.weight", [40, 50]), .layer("layer.0.bias", [50], 7),
        .layer("layer.1.weight", [300, 1_000], 3), .layer("layer.1.bias", [50], 9),
    ]

    @Test func aCastIsCalledOne() throws {
        let answer = try compared(
            HandMade.file(Self.backbone), HandMade.file(Self.backbone.map(\.inBF16)))
        #expect(answer.tensors == Set(Self.backbone.map { "cast \($0.name)" }))
        let tensor = try answer.tensor("layer.1.weight")
        #expect(tensor.text("old_dtype") == "F32" && tensor.text("dtype") == "BF16")
        #expect(try #require(tensor.number("rel_l2")) < 0.005)
    }

    @Test func otherShapesOfTheSameBytesAreReshaped() throws {
        let new = [Self.backbone[0].reshaped([50, 40])] + Self.backbone[1...]
        let answer = try compared(HandMade.file(Self.backbone), HandMade.file(new))
        #expect(answer.tensors == ["reshaped layer.0.weight"] && answer["unchanged"]?.count("tensors") == 3)
        let tensor = try answer.tensor("layer.0.weight")
        #expect(tensor["shape"] == [50, 40] && tensor["old_shape"] == [40, 50])
        #expect(tensor.number("rel_l2") == 0 && tensor.number("changed_fraction") == 0)
    }

    @Test func newNamesAreNoNewTensors() throws {
        let new = Self.backbone.map { $0.renamed("model." + $0.name) }
        let answer = try compared(HandMade.file(Self.backbone), HandMade.file(new))
        #expect(answer.tensors == Set(Self.backbone.map { "renamed model.\($0.name) <- \($0.name)" }))
    }

    @Test func anotherOrderIsNoDifference() throws {
        let answer = try compared(HandMade.file(Self.backbone), HandMade.file(Self.backbone.reversed()))
        #expect(answer.tensors == [] && answer["unchanged"]?.count("tensors") == 4)
        #expect(answer.list("files").map { $0.text("status") } == ["changed"])
    }

    @Test func oneNaNIsSeen() throws {
        var new = Self.backbone
        new[2].bytes.replaceSubrange(400_000..<400_004, with: [0, 0, 0xc0, 0x7f])
        let answer = try compared(HandMade.file(Self.backbone), HandMade.file(new))
        #expect(answer.tensors == ["changed layer.1.weight"])
        let tensor = try answer.tensor("layer.1.weight")
        #expect(tensor["nan"] == ["old": 0, "new": 1] && tensor["inf"] == ["old": 0, "new": 0])
        #expect(tensor["rel_l2"] == "NaN" && tensor["new"]?["max"] == "NaN")
        #expect(tensor.number("changed_fraction") == 1 / 300_000.0)
        #expect(tensor["old"]?.number("min") == 0.375)
    }

    @Test func aNewHeadIsAllThatChanged() throws {
        let (old, new) = (
            HandMade.layer("head.weight", [10, 50]), HandMade.layer("head.weight", [4, 50], 5)
        )
        let answer = try compared(
            HandMade.file(Self.backbone + [old]),
            HandMade.file(Self.backbone + [new, .layer("head.bias", [4])]))
        #expect(answer.tensors == ["reshaped head.weight", "added head.bias"])
        #expect(answer["unchanged"]?.count("tensors") == 4)
        #expect(try answer.tensor("head.weight")["rel_l2"] == JSON.null)
    }

    @Test func figuresAreThoseOfDefinitions() throws {
        let old = HandMade("w", [4], [1, 2, -2, 4])
        let new = HandMade("w", [4], [1, 2, 1, 0])
        let tensor = try compared(HandMade.file([old]), HandMade.file([new])).tensor("w")
        #expect(tensor.number("rel_l2") == 1 && tensor.number("max_abs") == 4)
        #expect(tensor.number("changed_fraction") == 0.5)
        #expect(abs(try #require(tensor.number("cosine")) - 3 / (5 * 6.0.squareRoot())) < 1e-15)
        #expect(tensor["old"] == ["mean": 1.25, "std": 4.6875.squareRoot().json, "min": -2.0, "max": 4.0])
    }

    private static let samples = (0..<3).map {
        SampleTensor("layer.\($0).weight", count: 300_000, seed: UInt64($0))
    }
    private static let others = [
        samples[0], SampleTensor("layer.1.weight", count: 300_000, seed: 77), samples[2],
    ]

    private static let containers: [String: @Sendable ([SampleTensor]) -> [UInt8]] = [
        "model.safetensors": { SampleTensor.safetensors($0) }, "model.gguf": { SampleTensor.gguf($0) },
        "model.npz": { SampleTensor.npz($0) }, "pytorch_model.bin": { SampleTensor.torch($0) },
        "0123abcd": { SampleTensor.safetensors($0) },
    ]

    @Test(arguments: containers.keys.sorted()) func everyContainerIsLookedInto(name: String) throws {
        let make = try #require(Self.containers[name])
        try withVersions(make(Self.samples), make(Self.others), name: name) { work in
            let answer = try work.json("diff", "model@v1", "model")
            #expect(
                answer.tensors == ["changed layer.1.weight"] && answer["unchanged"]?.count("tensors") == 2)
            #expect(answer.list("tensors").first?.text("file") == name)
            let text = try work.reg("diff", "model@v1", "model").text
            #expect(
                text.contains("layer.1.weight  changed") && text.contains("2 tensors unchanged"), "\(text)")
        }
    }

    @Test func whatIsNoSoundContainerIsComparedAsAFile() throws {
        var broken = HandMade.file(Self.backbone)
        broken[9] = UInt8(ascii: "}")
        let answer = try compared(HandMade.file(Self.backbone), broken)
        #expect(answer.tensors == [] && answer.list("files").count == 1)
    }

    @Test func aDamagedChunkIsNoDifference() throws {
        try withVersions(SampleTensor.safetensors(Self.samples), SampleTensor.safetensors(Self.others)) {
            work in
            // In the first version's layer.1, which the other one does not share.
            let packs = try work.objects(ofKind: "packs").filter { try readFile($0).count > 2_000_000 }
            try work.damage(try #require(packs.first), at: 1_300_000)
            let copy = try work.clone()
            #expect(try copy.fails(4, "diff", "model@v1", "model@v2").contains("is damaged"))
            #expect(try copy.json("diff", "model@v1", "model@v2", "--level", "summary").tensors.count == 1)
        }
    }
}

extension Double {
    fileprivate var json: JSON { .number(self) }
}
