// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTensor
import RegTesting
import Testing

private let layers = (0..<6).map { SampleTensor("layer.\($0).weight", count: 300_000, seed: UInt64($0)) }
private let biases = (0..<6).map { SampleTensor("layer.\($0).bias", count: 10, seed: 100 + UInt64($0)) }

/// The tensors of a safetensors file by name, with their bytes.
private func tensors(in bytes: [UInt8]) throws -> [String: [UInt8]] {
    let header = try SafetensorsHeader.parse(prefix: bytes, fileSize: UInt64(bytes.count))
    return Dictionary(
        uniqueKeysWithValues: header.tensors.map {
            ($0.name, Array(bytes[Int($0.range.lowerBound)..<Int($0.range.upperBound)]))
        })
}

private func byName(_ samples: [SampleTensor]) -> [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: samples.map { ($0.name, $0.bytes) })
}

private func fixture(_ name: String) throws -> [UInt8] {
    try readFile(Binary.project.appending("Tests/RegTensorTests/Fixtures").appending(name))
}

/// A clone of a project whose artifact `model` is a directory of these files; nothing is pulled yet.
private func withModel(_ files: [String: [UInt8]], _ body: (Place) throws -> Void) throws {
    try withSandbox { sandbox in
        let work = try sandbox.project()
        for (name, bytes) in files { try work.write(bytes, to: BytePath("model/\(name)")) }
        try work.reg("add", "model", "--type", "weights")
        try work.commit()
        try work.reg("push")
        try body(try work.clone())
    }
}

private let shardedModel = [
    "model-00001-of-00002.safetensors": SampleTensor.safetensors(Array(layers[..<3] + biases[..<3])),
    "model-00002-of-00002.safetensors": SampleTensor.safetensors(Array(layers[3...] + biases[3...])),
    "model.safetensors.index.json": Array("{\"weight_map\":{}}".utf8), "config.json": Array("{}".utf8),
]

/// Single tensors of a model.
@Suite struct TensorPullTests {
    @Test func onlyTheRangesOfTheWantedTensorsAreRead() throws {
        try withModel(shardedModel) { clone in
            let answer = try clone.json("pull", "model", "--tensors", "layer.4.*", "-o", "part")
            let model = try #require(answer.member("artifacts", named: "model"))
            #expect(model.text("verified") == "chunks" && model.count("tensors") == 2)
            #expect(model.count("written_files") == 1 && model.count("absent_files") == 3)
            // Of 7.2 MB: the tensor of 1.2 MB, two headers, and manifest and pages.
            let fetched = try #require(model.count("fetched_bytes"))
            #expect((1_000_000..<1_230_000).contains(fetched), "\(fetched)")
            #expect(try clone.tree("part").paths == ["model-00002-of-00002.safetensors"])
            let file = try readFile(clone["part/model-00002-of-00002.safetensors"])
            #expect(try tensors(in: file) == byName([layers[4], biases[4]]))
            #expect(String(decoding: file[8..<44], as: UTF8.self) == #"{"__metadata__":{"format":"pt"},"lay"#)
        }
    }

    private static let containers = [
        "model.gguf": SampleTensor.gguf(layers + biases), "model.npz": SampleTensor.npz(layers + biases),
        "pytorch_model.bin": SampleTensor.torch(layers + biases),
        "without_suffix": SampleTensor.safetensors(layers + biases),
    ]

    @Test(arguments: containers.keys.sorted()) func everyContainerGivesItsTensors(name: String) throws {
        let bytes = try #require(Self.containers[name])
        try withModel([name: bytes, "notes.txt": seededBytes(count: 100_000, seed: 1)]) { clone in
            let answer = try clone.json(
                "pull", "model", "--tensors", "layer.1.weight", "--tensors", "*.bias", "-o", "part")
            let model = try #require(answer.member("artifacts", named: "model"))
            #expect(model.count("tensors") == 7)
            #expect(try #require(model.count("fetched_bytes")) < 1_600_000, "\(model)")
            let output = name == "without_suffix" ? name : name + ".safetensors"
            #expect(try clone.tree("part").paths == [output])
            #expect(try tensors(in: readFile(clone["part/\(output)"])) == byName([layers[1]] + biases))
        }
    }

    @Test func anArrayOfItsOwnHasNumPysName() throws {
        try withModel(["a.npy": layers[0].npy]) { clone in
            try clone.reg("pull", "model", "--tensors", "arr_0", "-o", "part")
            #expect(
                try tensors(in: readFile(clone["part/a.npy.safetensors"])) == ["arr_0": layers[0].bytes])
        }
    }

    @Test func quantisedBlocksAreBytesWithTheirTypeBeside() throws {
        try withModel(["m.gguf": fixture("model.gguf")]) { clone in
            try clone.reg("pull", "model", "--tensors", "*", "-o", "part")
            let bytes = try readFile(clone["part/m.gguf.safetensors"])
            let header = try SafetensorsHeader.parse(prefix: bytes, fileSize: UInt64(bytes.count))
            #expect(
                header.tensors.map { "\($0.name) \($0.dtype) \($0.shape)" } == [
                    "a.weight F32 [5]", "h F16 [3, 2]", "q U8 [2, 34]",
                ])
            #expect(header.metadata["q.type"] == "Q8_0")
        }
    }

    @Test func whatSafetensorsCannotHoldIsRefused() throws {
        try withModel(["a.npz": fixture("arrays.npz")]) { clone in
            let message = try clone.fails(2, "pull", "model", "--tensors", "big", "-o", "part")
            #expect(message.contains(">f4") && message.contains("--only"))
            #expect(try clone.fails(2, "pull", "model", "--tensors", "w", "-o", "part").contains("Fortran"))
            try clone.reg("pull", "model", "--tensors", "arr_0", "-o", "part")
        }
    }

    @Test func whatIsNotThereIsSaid() throws {
        try withModel(shardedModel) { clone in
            let message = try clone.fails(5, "pull", "model", "--tensors", "head.*", "-o", "part")
            #expect(message.contains("'head.*'") && message.contains("12 tensors"))
            #expect(message.contains("layer.0.weight"))
            let none = try clone.fails(
                5, "pull", "model", "--only", "*.json", "--tensors", "*", "-o", "part")
            #expect(none.contains("no file of tensors"))
            #expect(try clone.fails(2, "pull", "--tensors", "*").contains("-o DIR"))
            #expect(!clone.has("part"))
        }
    }

    @Test func aDirectoryThatIsThereIsReplacedOnlyWithClean() throws {
        try withModel(shardedModel) { clone in
            try clone.reg("pull", "model", "-o", "part")
            try clone.fails(3, "pull", "model", "--tensors", "*.0.bias", "-o", "part")
            try clone.reg("pull", "model", "--tensors", "*.0.bias", "-o", "part", "--clean")
            #expect(try clone.tree("part").paths == ["model-00001-of-00002.safetensors"])
            #expect(try list(clone.path).map(\.lossy).filter { $0.hasPrefix(".tmp-") } == [])
        }
    }

    @Test func aDryRunWritesNothing() throws {
        try withModel(shardedModel) { clone in
            let answer = try clone.json("pull", "model", "--tensors", "*.bias", "-o", "part", "--dry-run")
            let model = try #require(answer.member("artifacts", named: "model"))
            #expect(model.count("tensors") == 6 && model["verified"] == .null && !clone.has("part"))
        }
    }

    @Test func damagedChunksAreNoticed() throws {
        try withModel(["m.safetensors": SampleTensor.safetensors([layers[0]])]) { clone in
            let pack = try #require(try clone.objects(ofKind: "packs").first)
            try clone.damage(pack, at: 600_000)
            let message = try clone.fails(4, "pull", "model", "--tensors", "*", "-o", "part")
            #expect(message.contains("damaged") && !clone.has("part"))
        }
    }

    @Test func aFilesTensorsOfAnOldVersionComeTogether() throws {
        try withModel(shardedModel) { clone in
            try clone.reg("pull", "model@v1", "--tensors", "layer.*", "-o", "all")
            let names = try clone.tree("all").paths
            let all = try names.map { try tensors(in: readFile(clone["all"].appending($0))) }
            #expect(all.reduce(into: [:]) { $0.merge($1) { first, _ in first } } == byName(layers + biases))
        }
    }
}

/// Parts for the ranks of a job.
@Suite struct ShardPullTests {
    @Test(arguments: [1, 3, 7]) func shardsAreDisjointAndTogetherTheWhole(count: Int) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for index in 0..<40 {
                let bytes = seededBytes(count: 1_000 + 37 * index, seed: UInt64(index))
                try work.write(bytes, to: BytePath("data/\(index % 5)/\(index).bin"))
            }
            try work.write("names\n", to: "more/names.txt")
            try work.reg("add", "data", "more")
            try work.commit()
            try work.reg("push")
            let clone = try work.clone()
            var paths: [String] = []
            var sizes: [Int] = []
            for index in 0..<count {
                let answer = try clone.json("pull", "--shard", "\(index)/\(count)", "-o", "rank\(index)")
                let artifacts = answer.list("artifacts")
                #expect(artifacts.allSatisfy { $0.text("verified") == "file" && $0["tensors"] == .null })
                let rank = clone["rank\(index)"]
                let names = try Tree(rank).paths.filter { !isDirectory(rank.appending($0)) }
                for name in names {
                    #expect(try readFile(rank.appending(name)) == readFile(work[name]))
                }
                sizes.append(try names.reduce(0) { try $0 + readFile(rank.appending($1)).count })
                paths += names
            }
            #expect(paths.count == 41 && Set(paths).count == 41)
            #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) < 5_000, "\(sizes)")
        }
    }

    @Test func shardsOfASingleModelAreOfItsTensors() throws {
        try withModel(["m.safetensors": SampleTensor.safetensors(layers + biases)]) { clone in
            var all: [String: [UInt8]] = [:]
            for index in 0..<4 {
                let answer = try clone.json("pull", "model", "--shard", "\(index)/4", "-o", "rank\(index)")
                let model = try #require(answer.member("artifacts", named: "model"))
                #expect(model.text("verified") == "chunks")
                #expect(try #require(model.count("fetched_bytes")) < 2_500_000)
                let part = try tensors(in: readFile(clone["rank\(index)/m.safetensors"]))
                #expect(Int64(part.count) == model.count("tensors"))
                all.merge(part) { _, _ in
                    Issue.record("a tensor is in two shards")
                    return []
                }
            }
            #expect(all == byName(layers + biases))
            try clone.reg("pull", "model", "--shard", "99/100", "-o", "nothing")
            #expect(try tensors(in: readFile(clone["nothing/m.safetensors"])).isEmpty)
        }
    }

    @Test func shardsOfSomeTensorsAreOfThose() throws {
        try withModel(shardedModel) { clone in
            var names: [String] = []
            for index in 0..<3 {
                let selection = ["--tensors", "*.weight", "--shard", "\(index)/3", "-o", "rank\(index)"]
                try clone.reg((["pull", "model"] + selection).map { Array($0.utf8) })
                for path in try clone.tree("rank\(index)").paths {
                    names += try tensors(in: readFile(clone["rank\(index)"].appending(path))).keys
                }
            }
            #expect(names.sorted() == layers.map(\.name))
        }
    }

    @Test func aSingleFileOfAnotherKindIsInOneShard() throws {
        try withModel(["notes.txt": Array("text\n".utf8)]) { clone in
            try clone.reg("pull", "model", "--shard", "0/2", "-o", "a")
            try clone.reg("pull", "model", "--shard", "1/2", "-o", "b")
            #expect(try clone.tree("a").paths + clone.tree("b").paths == ["notes.txt"])
        }
    }

    @Test(arguments: ["3/3", "1", "-1/2", "a/b", "1/0", "0/2/3", "0/70000", "+0/2"])
    func otherShardsAreNone(shard: String) throws {
        try withModel(["notes.txt": Array("text\n".utf8)]) { clone in
            let message = try clone.fails(2, "pull", "model", "--shard=\(shard)", "-o", "a")
            #expect(message.contains("counted from 0"), "\(message)")
        }
    }
}
