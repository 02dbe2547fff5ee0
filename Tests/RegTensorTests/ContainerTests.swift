// SPDX-License-Identifier: Apache-2.0

import RegBytes
import RegFiles
import RegTensor
import RegTesting
import Testing

/// A file that another program wrote: see `Fixtures/make.py`.
private func fixture(_ name: String) throws -> [UInt8] {
    let path = BytePath(#filePath).parent.appending("Fixtures").appending(BytePath(name))
    return try #require(try readSmallFile(path, limit: 1 << 20))
}

private func read(_ bytes: [UInt8]) throws -> TensorFile? { try Container.read(MemoryBytes(bytes)) }

private func lines(_ file: TensorFile?) -> [String] {
    file?.tensors.map { "\($0.name) \($0.dtype) \($0.shape) \($0.range)" } ?? []
}

private let samples = [
    SampleTensor("a.weight", count: 300, seed: 1), SampleTensor("b", count: 3, seed: 2),
    SampleTensor("c", count: 0, seed: 3), SampleTensor("d/e", count: 70, seed: 4),
]

private let files: [Container: [UInt8]] = [
    .safetensors: SampleTensor.safetensors(samples), .gguf: SampleTensor.gguf(samples),
    .npy: samples[0].npy, .npz: SampleTensor.npz(samples), .torch: SampleTensor.torch(samples),
]

@Suite struct ContainerTests {
    @Test(arguments: Container.allCases)
    func findsEveryTensorWithItsBytes(container: Container) throws {
        let bytes = try #require(files[container])
        let file = try #require(try read(bytes))
        #expect(file.container == container)
        #expect(file.parts.reduce(0) { $0 + $1.byteCount } == UInt64(bytes.count))
        let wanted = container == .npy ? [samples[0]] : samples
        #expect(file.tensors.count == wanted.count)
        for sample in wanted {
            let name = container == .npy ? "arr_0" : sample.name
            let tensor = try #require(file.tensors.first { $0.name == name })
            #expect(tensor.dtype == "F32" && tensor.shape == [UInt64(sample.bytes.count / 4)])
            #expect(Array(bytes[Int(tensor.range.lowerBound)..<Int(tensor.range.upperBound)]) == sample.bytes)
        }
    }

    @Test(arguments: [[], [0], Array("GGUF".utf8), Array("PK\u{3}\u{4}".utf8), Array("plain text".utf8)])
    func otherFilesAreNone(bytes: [UInt8]) throws {
        #expect(try read(bytes) == nil)
        #expect(try read(bytes + seededBytes(count: 5_000, seed: 1)) == nil)
    }

    /// What is cut off is no container, but for a file that ends in padding.
    @Test(arguments: Container.allCases)
    func truncatedFilesAreNone(container: Container) throws {
        let bytes = try #require(files[container])
        for count in 0..<bytes.count { #expect(try read(Array(bytes[..<count])) == nil, "\(count) bytes") }
    }

    /// A damaged file may still be one, but reading it never traps, and its parts are the file.
    @Test(arguments: Container.allCases)
    func damageNeverTraps(container: Container) throws {
        let bytes = try #require(files[container])
        var random = SeededRandom(seed: 7)
        for round in 0..<20_000 {
            var damaged = bytes
            for _ in 0..<1 + round % 3 {
                // Most of these files is tensors: half of the flips go to where headers are.
                let isNearEnd = random.next() % 4 == 0
                let place = Int(random.next() % UInt64(min(bytes.count, 500)))
                let index = isNearEnd ? bytes.count - 1 - place : place
                damaged[index] = random.next() % 4 == 0 ? 0xff : damaged[index] ^ 1 << (random.next() % 8)
            }
            if random.next() % 8 == 0 { damaged.removeLast(Int(random.next() % 40)) }
            guard let file = try read(damaged) else { continue }
            #expect(file.parts.reduce(0) { $0 + $1.byteCount } == UInt64(damaged.count))
            #expect(file.tensors.allSatisfy { $0.range.upperBound <= UInt64(damaged.count) })
        }
    }
}

@Suite struct GGUFTests {
    @Test func readsWhatTheLibraryWrites() throws {
        let file = try read(fixture("model.gguf"))
        #expect(file?.container == .gguf)
        #expect(
            lines(file) == [
                "a.weight F32 [5] 320..<340", "q Q8_0 [2, 32] 352..<420", "h F16 [3, 2] 448..<460",
            ])
        #expect(file?.parts.map(\.byteCount) == [320, 20, 12, 68, 28, 12, 20])
        #expect(file?.parts.map(\.isHeader) == [true, false, false, false, false, false, false])
    }

    @Test(arguments: [1, 8, 64, 4_096])
    func keepsToTheAlignment(alignment: Int) throws {
        let bytes = SampleTensor.gguf(samples, alignment: alignment)
        #expect(try read(bytes)?.tensors.allSatisfy { $0.range.lowerBound % UInt64(alignment) == 0 } == true)
    }

    @Test(arguments: [0, 3, 1 << 21, 0xffff_ffff]) func otherAlignmentsAreRefused(alignment: UInt32) throws {
        var bytes = SampleTensor.gguf([samples[0]])
        let key = Array("general.alignment".utf8)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: key) }) + key.count + 4
        #expect(try read(bytes) != nil)
        for index in 0..<4 {
            bytes[place + index] = UInt8(truncatingIfNeeded: alignment >> (8 * UInt32(index)))
        }
        #expect(try read(bytes) == nil)
    }

    @Test(
        arguments: [(1, false), (2, true), (3, true), (4, false), (0x0300_0000, false)] as [(UInt32, Bool)])
    func twoVersionsAreKnown(version: UInt32, isKnown: Bool) throws {
        #expect(try (read(SampleTensor.gguf(samples, version: version)) != nil) == isKnown)
    }

    /// Also where the tensor has no bytes, as another length is 0.
    @Test func lengthsThatNobodyCanMultiplyAreRefused() throws {
        for (length, isKnown) in [(UInt64(1) << 56, true), (1 << 57, false), (1 << 63, false)] {
            var bytes = Array("GGUF".utf8) + little(3, 4) + little(1, 8) + little(0, 8)
            bytes += little(1, 8) + Array("t".utf8) + little(2, 4) + little(0, 8)
            bytes +=
                (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + little(0, 4) + little(0, 8)
            bytes += [UInt8](repeating: 0, count: 64 - bytes.count % 32)
            #expect(try (read(bytes) != nil) == isKnown)
        }
    }

    @Test func vocabulariesOfAnyLengthArePassedOver() throws {
        // 600,000 words of 8 bytes of length and 8 of text, nested once.
        let count = 100_000
        var header = Array("GGUF".utf8) + little(3, 4) + little(0, 8) + little(1, 8)
        header += little(1, 8) + Array("w".utf8) + little(9, 4) + little(9, 4) + little(1, 8)
        header += little(8, 4) + little(count, 8)
        let word = little(8, 8) + Array("12345678".utf8)
        for _ in 0..<count { header += word }
        #expect(try read(header)?.tensors == [])
        #expect(try read(Array(header.dropLast())) == nil)
    }

    private func little(_ value: Int, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

@Suite struct NumPyTests {
    @Test func readsWhatTheLibraryWrites() throws {
        #expect(lines(try read(fixture("array.npy"))) == ["arr_0 F32 [2, 3] 128..<152"])
        let file = try read(fixture("arrays.npz"))
        #expect(file?.container == .npz)
        #expect(
            file?.tensors.map { "\($0.name) \($0.dtype) \($0.shape) \($0.byteCount)" } == [
                "w <f2 in Fortran order [2, 3] 12", "text <U2 [] 8", "big >f4 [2] 8", "when <M8[D] [1] 8",
                "arr_0 I64 [3] 24",
            ])
        #expect(file?.parts.map(\.isHeader) == [Bool](repeating: false, count: 10) + [true])
    }

    @Test(arguments: ["compressed.npz", "objects.npz"])
    func whatIsCompressedOrPickledIsCutByContent(name: String) throws {
        #expect(try read(fixture(name)) == nil)
    }

    @Test(
        arguments: [
            ("'<f4'", "(2, 3)", "F32"), ("'|u1'", "(24,)", "U8"), ("'|b1'", "(24,)", "BOOL"),
            ("'<c8'", "(3,)", "C64"), ("'<c16'", "()", nil), ("'<c24'", "()", "<c24"),
            ("'|S24'", "()", "|S24"),
            ("'|V2'", "(12,)", "|V2"), ("'<f4'", "(6", nil), ("'<f4'", "(7,)", nil), ("'|O'", "(3,)", nil),
            ("'<f8'", "(-3,)", nil), ("'<i3'", "(8,)", nil), ("[('a', '<f4')]", "(6,)", nil),
            ("'=f4'", "(6,)", nil), ("'<f4'", "(4294967296, 4294967296)", nil),
            ("'<f4'", "(99999999999999999999,)", nil), ("'<f4'", "(0, 9223372036854775808)", nil),
        ] as [(String, String, String?)])
    func typesAndShapesMustFit(descr: String, shape: String, dtype: String?) throws {
        let text = "{'descr': \(descr), 'fortran_order': False, 'shape': \(shape), }\n"
        let prefix: [UInt8] = [0x93] + Array("NUMPY".utf8) + [2, 0, UInt8(text.utf8.count), 0, 0, 0]
        let file = try read(prefix + Array(text.utf8) + [UInt8](repeating: 0, count: 24))
        #expect(file?.tensors.first?.dtype == dtype)
    }

    @Test(arguments: [
        "{'descr': '<f4', 'shape': (6,)}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'more': False}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x", "{'descr", "{", "",
        "__import__('os')",
    ])
    func otherLiteralsAreRefused(text: String) throws {
        let prefix: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0]
        #expect(try read(prefix + Array(text.utf8) + [UInt8](repeating: 0, count: 24)) == nil)
    }
}

@Suite struct TorchTests {
    @Test func readsADictionaryOfTensors() throws {
        let file = try #require(try read(fixture("state.pt")))
        #expect(file.container == .torch)
        #expect(
            file.tensors.map { "\($0.name) \($0.dtype) \($0.shape) \($0.byteCount)" } == [
                "embed.weight F32 [4, 2] 32", "head.weight F32 [4, 2] 32", "view BF16 [4] 8",
                // Its elements do not follow one another.
                "data/2 U8 [12] 12", "step I64 [] 8", "f8 F8_E4M3 [3] 3",
                // There is no word for its type.
                "data/5 U8 [16] 16", "parameter F32 [2] 8",
            ])
        #expect(file.tensors[0].range == file.tensors[1].range, "tied weights are the same bytes")
        #expect(file.tensors.allSatisfy { $0.name == "view" || $0.range.lowerBound % 64 == 0 })
        #expect(file.parts.count { $0.isHeader } == 2)
    }

    @Test func namesArePathsThroughDictionariesListsAndModules() throws {
        let checkpoint = try read(fixture("checkpoint.pt"))
        #expect(
            checkpoint?.tensors.map(\.name) == [
                "model.weight", "model.bias", "optimizer.state.0.step", "optimizer.state.0.exp_avg",
                "optimizer.state.0.exp_avg_sq", "optimizer.state.1.step", "optimizer.state.1.exp_avg",
                "optimizer.state.1.exp_avg_sq",
            ])
        let module = try read(fixture("module.pt"))
        #expect(module?.tensors.map(\.name) == ["_parameters.weight", "_parameters.bias"])
        #expect(try read(fixture("tensor.pt"))?.tensors.map(\.name) == ["tensor"])
    }

    @Test(
        arguments: [
            "cos\nsystem\n(X\u{4}\u{0}\u{0}\u{0}truetR.", "", ".", "(((", "}}}", "tttt", "h\u{1}.", "(1.",
            "Q",
            "X\u{7f}\u{7f}\u{7f}\u{7f}a.", "}2}2}us.", "not a pickle",
        ])
    func whatIsNotUnderstoodIsNamedByItsMembers(pickle: String) throws {
        let archive = zipArchive([
            ("x/data.pkl", Array(pickle.utf8)), ("x/data/0", [1, 2, 3]), ("x/data/1", [4]),
        ])
        let file = try read(archive)
        #expect(
            file?.tensors.map { "\($0.name) \($0.dtype) \($0.shape)" } == ["data/0 U8 [3]", "data/1 U8 [1]"])
    }

    /// Dictionaries in themselves, and in each other many times over.
    @Test func circlesAndExplosionsAreBounded() throws {
        let circle = "}q\u{0}X\u{1}\u{0}\u{0}\u{0}ah\u{0}s."
        var explosion = "]q\u{0}"
        for level in 1..<60 {
            let below = "h\(Character(Unicode.Scalar(UInt8(level - 1))))"
            explosion += "](" + String(repeating: below, count: 20)
            explosion += "eq\(Character(Unicode.Scalar(UInt8(level))))"
        }
        let deep = String(repeating: "](", count: 100_000) + String(repeating: "e", count: 100_000) + "."
        for pickle in [circle, explosion + ".", deep] {
            let archive = zipArchive([("x/data.pkl", Array(pickle.utf8)), ("x/data/0", [1, 2, 3])])
            #expect(try read(archive)?.tensors.map(\.name) == ["data/0"])
        }
    }

    @Test func otherByteOrdersKeepTheirMembersNames() throws {
        let pickle = SampleTensor.torch([samples[0]])
        #expect(try read(pickle)?.tensors.map(\.name) == ["a.weight"])
        let archive = zipArchive([
            ("x/data.pkl", []), ("x/byteorder", Array("big".utf8)), ("x/data/0", [1, 2, 3]),
        ])
        #expect(try read(archive)?.tensors.map(\.name) == ["data/0"])
    }

    @Test func archivesOfOtherKindsAreNone() throws {
        #expect(try read(zipArchive([("a.txt", [1, 2]), ("b.npy", samples[0].npy)])) == nil)
        #expect(try read(zipArchive([("a.npy", samples[0].npy), ("a.npy", samples[0].npy)])) == nil)
        #expect(try read(zipArchive([])) == nil)
    }
}
