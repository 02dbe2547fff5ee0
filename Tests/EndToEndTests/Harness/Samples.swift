// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegTesting
import Testing

/// Numbers, a line each: text that LZ4 compresses.
func numberedLines(_ range: ClosedRange<Int>) -> [UInt8] {
    range.flatMap { Array("line \($0) of a text with many words in common\n".utf8) }
}

/// A safetensors file of F32 tensors, in order; each has its own seed, so that it keeps its bytes where only others
/// change.
func safetensors(_ tensors: [(name: String, count: Int, seed: UInt64)]) -> [UInt8] {
    var header: [String] = []
    var content: [UInt8] = []
    for tensor in tensors {
        let bytes = seededBytes(count: 4 * tensor.count, seed: tensor.seed)
        let range = "[\(content.count),\(content.count + bytes.count)]"
        header.append(
            "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":[\(tensor.count)],\"data_offsets\":\(range)}")
        content += bytes
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + content
}

/// A safetensors file of one BF16 tensor, nearly normal as the weights of a layer are.
func weightsInBF16(count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    var content: [UInt8] = []
    content.reserveCapacity(2 * count)
    for _ in 0..<count {
        let sum = (0..<6).reduce(Float(-3)) { sum, _ in sum + Float(random.next() >> 40) / Float(1 << 24) }
        let word = (sum * 0.03).bitPattern >> 16
        content += [UInt8(truncatingIfNeeded: word), UInt8(truncatingIfNeeded: word >> 8)]
    }
    let text = Array(
        "{\"w\":{\"dtype\":\"BF16\",\"shape\":[\(count)],\"data_offsets\":[0,\(content.count)]}}".utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + content
}

extension Place {
    /// The four artifacts of a small project: images, annotations, a config and weights.
    func writeSampleFiles() throws {
        for index in 0..<6 {
            try write(seededBytes(count: 20_000, seed: UInt64(index)), to: BytePath("data/\(index).jpg"))
        }
        try write("{\"images\":[],\"annotations\":[],\"categories\":[]}\n", to: "annotations/train.json")
        try write("epochs: 3\nlearning_rate: 0.01\n", to: "config/train.yaml")
        try writeSampleWeights(seed: 1)
    }

    func writeSampleWeights(seed: UInt64) throws {
        let model = safetensors([("layer1", 300_000, 99), ("layer2", 20_000, seed)])
        try write(model, to: BytePath("weights/model.safetensors"))
    }

    /// What the sample consists of for reg: its files and directories but git's and reg's own.
    func sampleTree() throws -> Tree {
        try Tree(path, excluding: [".git", ".gitignore", "reg.toml", "reg.lock"])
    }

    static var sampleArguments: [String] { ["data", "annotations", "config", "weights/model.safetensors"] }

    /// Adds the sample, commits, pushes; the commit.
    @discardableResult func addSampleAndPush() throws -> String {
        try writeSampleFiles()
        try reg((["add"] + Place.sampleArguments).map { Array($0.utf8) })
        let commit = try commit("first version")
        try reg("push")
        return commit
    }
}

extension Place {
    /// The objects in one of the folders of the sandbox's registry, sorted by path.
    func objects(ofKind folder: String) throws -> [BytePath] {
        let top = sandbox.registry.appending(folder)
        return try Tree(top).entries.keys.sorted().map { top.appending($0) }
    }

    /// Turns one bit of a file; of a pack, one in its first entry.
    func damage(_ path: BytePath, at offset: Int = 10) throws {
        var bytes = try readFile(path)
        bytes[offset] ^= 0x10
        try writeFile(bytes, to: path)
    }
}

extension Sandbox {
    var forge: Forge { Forge(registry: registry) }

    /// A project with one artifact `data` of small text files, committed and pushed as version 1.
    func pushedProject(
        _ name: String = "work", _ files: [String: String] = ["a.txt": "one\n"]
    ) throws -> Place {
        let place = try project(name)
        for (path, text) in files { try place.write(text, to: "data/\(path)") }
        try place.reg("add", "data")
        try place.commit("first")
        try place.reg("push")
        return place
    }
}

extension Place {
    /// Makes another version of `data`: writes a file, adds, commits, pushes; the commit.
    @discardableResult func pushNextVersion(_ text: String, to name: String = "data/a.txt") throws -> String {
        try write(text, to: name)
        try reg("add")
        let commit = try commit("next")
        try reg("push")
        return commit
    }
}
