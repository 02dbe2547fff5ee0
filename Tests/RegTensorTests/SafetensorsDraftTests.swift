// SPDX-License-Identifier: Apache-2.0

import RegJSON
import RegTensor
import RegTesting
import Testing

@Suite struct SafetensorsDraftTests {
    private static let samples = [
        SampleTensor("a", count: 3, seed: 1), SampleTensor("b", count: 500, seed: 2),
        SampleTensor("c", count: 0, seed: 3),
    ]

    @Test func someTensorsAreASoundFileWithTheMetadata() throws {
        let file = try #require(
            try Container.read(MemoryBytes(SampleTensor.safetensors(Self.samples.reversed()))))
        let tensors = file.tensors.filter { $0.name != "c" }
        let draft = try SafetensorsDraft(tensors, of: file)
        let header = try SafetensorsHeader.parse(prefix: draft.header, fileSize: draft.byteCount)
        #expect(header.byteCount % 8 == 0 && header.metadata == ["format": "pt"])
        #expect(header.tensors.map(\.name) == tensors.map(\.name))
        #expect(draft.places.map(\.tensor) == tensors)
        #expect(draft.places.map(\.offset) == header.tensors.map(\.range.lowerBound))
    }

    @Test func namesMayBeAnything() throws {
        let sample = SampleTensor("a\"\\\u{e9}\u{1}", count: 3, seed: 1)
        let file = try #require(try Container.read(MemoryBytes(SampleTensor.gguf([sample]))))
        let draft = try SafetensorsDraft(file.tensors, of: file)
        let header = try SafetensorsHeader.parse(prefix: draft.header, fileSize: draft.byteCount)
        #expect(header.tensors.map(\.name) == [sample.name])
    }

    @Test func noTensorsAreAFileToo() throws {
        let file = try #require(try Container.read(MemoryBytes(SampleTensor.gguf(Self.samples))))
        let draft = try SafetensorsDraft([], of: file)
        #expect(draft.byteCount == UInt64(draft.header.count))
        #expect(try SafetensorsHeader.parse(prefix: draft.header, fileSize: draft.byteCount).tensors.isEmpty)
    }

    @Test func aTensorMayNotBeCalledAsTheMetadata() throws {
        let bytes = SampleTensor.gguf([SampleTensor("__metadata__", count: 1, seed: 1)])
        let file = try #require(try Container.read(MemoryBytes(bytes)))
        #expect(throws: SafetensorsDraftError.unfit(file.tensors[0])) {
            try SafetensorsDraft(file.tensors, of: file)
        }
    }

    @Test func headersThatNobodyReadsAreNotWritten() throws {
        let tensors = (0..<40_000).map {
            SampleTensor("\($0)" + String(repeating: "x", count: 200), count: 0, seed: 1)
        }
        let file = try #require(try Container.read(MemoryBytes(SampleTensor.gguf(tensors))))
        #expect(throws: SafetensorsDraftError.headerTooLong) { try SafetensorsDraft(file.tensors, of: file) }
    }
}
