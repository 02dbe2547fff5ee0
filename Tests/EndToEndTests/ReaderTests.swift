// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCodec
import RegHash
import RegJSON
import RegTesting
import Testing

/// Programs in Python, written from docs/format.md alone, read what reg wrote.
@Suite struct ReaderTests {
    static func script(_ name: String) -> String {
        BytePath(#filePath).parent.appending("Fixtures/\(name)").lossy
    }

    /// One of everything that a tree can hold.
    private func writeVariedTree(in place: Place) throws {
        let noise = seededBytes(count: 700_000, seed: 11)
        try place.write(numberedLines(1...30_000), to: BytePath("data/text/long.txt"))
        try place.write(numberedLines(1...20), to: BytePath("data/text/short.txt"))
        try place.write(noise, to: BytePath("data/noise.bin"))
        try place.write(Array(noise[100_000...]), to: BytePath("data/noise-without-its-start.bin"))
        let tensors = (0..<6).map { (name: "layer\($0)", count: 100_000 - 7 * $0, seed: UInt64(20 + $0)) }
        try place.write(safetensors(tensors), to: BytePath("data/model.safetensors"))
        try place.write(weightsInBF16(count: 700_001, seed: 30), to: BytePath("data/half.safetensors"))
        try place.write([], to: BytePath("data/empty.txt"))
        try makeDirectory(place["data/nothing/in/here"])
        try place.write(Array("#!/bin/sh\n".utf8), to: BytePath("data/run.sh"), mode: 0o755)
        try place.write([1, 2, 3], to: BytePath(Array("data/caf".utf8) + [0xe9, 0x0a, 0x1b, 0xff]))
        for index in 0..<400 {
            try place.write("file \(index)\n", to: "data/many/\(index % 7)/\(index).txt")
        }
    }

    @Test func readerFromTheDocumentRestoresAnArtifact() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try writeVariedTree(in: work)
            try work.reg("add", "data", "--type", "dataset")
            let commit = try work.commit()
            let pushed = try #require(try work.json("push").member("artifacts", named: "data"))
            let digest = try #require(pushed.text("digest"))

            let outcome = try work.run(
                "python3", [Self.script("restore.py"), sandbox.registry.lossy, "data", "1", "restored"])
            try #require(outcome.code == 0, "\(outcome.errorText)")
            let answer = try JSON.parse(outcome.output)
            #expect(try work.tree("restored") == work.tree("data"))
            #expect(answer.text("digest") == digest && answer.text("type") == "dataset")
            #expect(answer.count("files") == pushed.count("files"))
            #expect(answer.count("bytes") == pushed.count("bytes"))
            let bind = try #require(try sandbox.forge.operations.last { $0.text("op") == "bind" })
            #expect(answer["bindings"] == [[.string(commit), try #require(bind["set"])]])
            // The reader met what it should: all codecs, several pages, files of many chunks.
            #expect(try #require(answer.count("lz4_bytes")) > 10_000)
            #expect(try #require(answer.count("zstd_bytes")) > 1_000_000)
            #expect(try #require(answer.count("lanes_bytes")) > 1_300_000)
            #expect(try #require(answer.count("stored_bytes")) > 2_000_000)
            #expect(try #require(answer.count("pages")) > 1)
            #expect(try #require(answer.count("chunks")) > 430)

            let treeDigest = try work.run("python3", [Self.script("treedigest.py"), "data"])
            #expect(treeDigest.text == digest + "\n", "\(treeDigest.errorText)")
        }
    }

    @Test func readerFollowsVersionsAndDuplicates() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try writeVariedTree(in: work)
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            let first = try work.tree("data")
            let pattern = numberedLines(1...29_000) + Array("another end".utf8)
            try work.write(pattern, to: BytePath("data/text/long.txt"))
            try remove(work["data/many/3"])
            try work.reg("add")
            try work.commit()
            try work.reg("push")

            for (version, tree) in [("1", first), ("2", try work.tree("data"))] {
                let arguments = [
                    Self.script("restore.py"), sandbox.registry.lossy, "data", version, "v\(version)",
                ]
                let outcome = try work.run("python3", arguments)
                try #require(outcome.code == 0, "\(outcome.errorText)")
                #expect(try work.tree("v\(version)") == tree)
                // Version 2 takes most of its chunks from version 1's pack.
                #expect(try JSON.parse(outcome.output).count("packs") == Int64(version))
            }
            #expect(
                try work.run("python3", [Self.script("treedigest.py"), "v1"]).text
                    == (try work.json("show", "data@v1").text("digest") ?? "") + "\n")
        }
    }

    /// Of each codec one entry, decoded by the other reader.
    @Test func readerDecodesWhatEncodersMake() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let text = numberedLines(1...4_000)
            let weights = weightsInBF16(count: 40_000, seed: 3)
            var trained = weights
            for index in stride(from: 100, to: weights.count, by: 6) { trained[index] ^= 1 }
            let cases: [(CodecID, [UInt8], base: [UInt8]?)] = [
                (.zstd, text, nil), (.lanes, weights, nil), (.difference, trained, weights),
                (.parts, Array(text[20_000...]) + weights.prefix(500), text),
            ]
            for (codec, raw, base) in cases {
                var output = [UInt8](repeating: 0, count: raw.count)
                let result = raw.withUnsafeBytes { raw in
                    output.withUnsafeMutableBytes { output in
                        guard let base else { return Encoder().encodeChunk(raw, into: output) }
                        return base.withUnsafeBytes {
                            Encoder().encodeChunk(
                                raw, base: $0, codec == .parts ? .text : .numbers, into: output)
                        }
                    }
                }
                #expect(result.codec == codec)
                try work.write(Array(output[..<result.byteCount]), to: BytePath("entry"))
                try work.write(base ?? [], to: BytePath("base"))
                let arguments = ["--decode", "\(codec.rawValue)", "\(raw.count)", "entry"]
                let outcome = try work.run(
                    "python3", [Self.script("restore.py")] + arguments + (base == nil ? [] : ["base"]))
                #expect(outcome.code == 0 && outcome.output == raw, "\(codec): \(outcome.errorText)")
            }
        }
    }

    @Test func weightsAreStoredAsLanes() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let weights = weightsInBF16(count: 2_000_003, seed: 8)
            try work.write(weights, to: BytePath("model.safetensors"))
            let added = try #require(try work.json("add", "model.safetensors").list("artifacts").first)
            let stored = try #require(added.count("stored_bytes"))
            #expect(Double(stored) <= 0.70 * Double(weights.count))
            try work.commit()
            try work.reg("push")
            try remove(work["model.safetensors"])
            try work.reg("pull")
            #expect(try readFile(work["model.safetensors"]) == weights)
        }
    }

    @Test func readerChecksPacksAndNoticesDamage() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(numberedLines(1...5_000), to: BytePath("data/a.txt"))
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            let pack = try #require(try work.objects(ofKind: "packs").first)
            let arguments = [Self.script("restore.py"), "--verify-pack", pack.lossy]
            #expect(try work.run("python3", arguments).code == 0)
            var bytes = try readFile(pack)
            bytes[bytes.count / 3] ^= 4
            try writeFile(bytes, to: pack)
            #expect(try work.run("python3", arguments).code == 4)
            let restore = [Self.script("restore.py"), sandbox.registry.lossy, "data", "1", "out"]
            #expect(try work.run("python3", restore).code == 4)
        }
    }

    @Test func singleFileIsATreeOfOneRow() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.writeSampleWeights(seed: 4)
            let added = try work.json("add", "weights/model.safetensors")
            let digest = try #require(added.list("artifacts").first?.text("digest"))
            let outcome = try work.run(
                "python3", [Self.script("treedigest.py"), "weights/model.safetensors"])
            #expect(outcome.text == digest + "\n")
        }
    }

    /// `Fixtures/registry.txt` has the objects of a registry, a path and its bytes in hex a line, that was written when
    /// text was LZ4 coded once more, and no chunk had a base.
    @Test func whatEarlierVersionsWroteIsReadAndContinued() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("place")
            let registry = place["registry"]
            for line in try readText(BytePath(Self.script("registry.txt"))).split(separator: "\n") {
                let parts = line.split(separator: " ")
                let content = try #require(parts.last.flatMap { bytes(hex: $0.utf8) })
                try place.write(content, to: BytePath("registry/\(parts[0])"))
            }
            try place.reg("verify", "--data", "--registry", registry.lossy)
            try place.reg("pull", "data@v1", "-o", "data", "--registry", registry.lossy)
            let sums = try (list(place["data"])).sorted().map {
                SHA256.digest(of: try readFile(place["data"].appending($0))).hex.prefix(8)
            }
            #expect(sums == ["4ddead2c", "25640668", "2649e154", "a6a0d804"])
            try place.write(try readText(place["data/text.txt"]) + "one more line\n", to: "data/text.txt")
            let pushed = try place.json("push", "./data", "--as", "data", "--registry", registry.lossy)
            #expect(try #require(pushed.list("artifacts").first?.count("uploaded_bytes")) < 1_000)
            try place.reg("pull", "data@v2", "-o", "again", "--registry", registry.lossy)
            #expect(try Tree(place["again"]) == Tree(place["data"]))
        }
    }
}
