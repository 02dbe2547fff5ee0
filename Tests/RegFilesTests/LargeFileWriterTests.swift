// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegFiles
import RegTesting
import Testing

private let block = LargeFileWriter.Buffer.byteCount

/// Appends `bytes` in pieces of random lengths.
private func append(_ bytes: [UInt8], to writer: LargeFileWriter, seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    try bytes.withUnsafeBytes { all in
        var offset = 0
        while offset < all.count {
            let longest = Bool.random(using: &random) ? 5_000 : 2 * block
            let part = min(Int.random(in: 0...longest, using: &random), all.count - offset)
            try writer.append(UnsafeRawBufferPointer(rebasing: all[offset..<offset + part]))
            offset += part
        }
    }
}

/// Compares without showing megabytes where they differ.
private func expect(_ directory: Descriptor, holds bytes: [UInt8], as name: String) throws {
    let isSame = try directory.content(name) == bytes
    #expect(isSame, "the content of \(name)")
}

@Suite struct LargeFileWriterTests {
    @Test(
        arguments: Place.allCases,
        [
            0, 1, 4_095, 4_096, 4_097, block - 1, block, block + 1, 2 * block - 1, 2 * block, 2 * block + 1,
            3 * block + 4_097,
        ])
    func theFileHoldsWhatWasAppended(place: Place, count: Int) throws {
        let bytes = seededBytes(count: count, seed: UInt64(count))
        try withDirectory(on: place) { directory throws in
            let writer = try LargeFileWriter(in: directory, buffer: .init())
            try append(bytes, to: writer, seed: UInt64(count))
            #expect(writer.byteCount == UInt64(count))
            try writer.complete(mode: 0o444)
            #expect(try writer.status().size == UInt64(count))
            #expect(try writer.publish(as: BytePath("pack"), .creating))
            #expect(try directory.names() == [BytePath("pack")])
            try expect(directory, holds: bytes, as: "pack")
        }
    }

    /// What was kept and what was appended make up the file, wherever the one ends and the other begins.
    @Test(
        arguments: Place.allCases,
        [0, 1, 4_095, 4_096, 4_097, 100_000, block - 1, block, block + 1, 2 * block + 4_097, 3 * block])
    func aWriterGoesOnWhereAnEarlierOneStopped(place: Place, kept: Int) throws {
        let bytes = seededBytes(count: 3 * block, seed: 3)
        let name = partName(7)
        try withDirectory(on: place) { directory throws in
            var there = Array(bytes[..<kept])
            there += seededBytes(count: 10_000, seed: 4)
            try Descriptor.open(name, .create, at: directory).write(there)
            let part = try #require(try PartFile.open(name, in: directory))
            #expect(part.byteCount == UInt64(kept + 10_000))
            let writer = try LargeFileWriter(part, in: directory, buffer: .init())
            bytes.withUnsafeBytes { all in
                var offset = 0
                var random = SeededRandom(seed: UInt64(kept))
                while offset < kept {
                    let count = min(Int.random(in: 0...9_000, using: &random), kept - offset)
                    writer.keep(UnsafeRawBufferPointer(rebasing: all[offset..<offset + count]))
                    offset += count
                }
            }
            try append(Array(bytes[kept...]), to: writer, seed: 5)
            try writer.complete(mode: 0o644)
            #expect(try writer.publish(as: BytePath("whole"), .replacing))
            #expect(try directory.names() == [BytePath("whole")])
            try expect(directory, holds: bytes, as: "whole")
        }
    }

    @Test func aPartFileHasOneWriterAndOutlivesIt() throws {
        try withDirectory(on: .disk) { directory throws in
            let name = partName(7)
            var first = try PartFile.open(name, in: directory)
            #expect(first != nil)
            #expect(try PartFile.open(name, in: directory) == nil, "somebody has it")
            if let part = first {
                let writer = try LargeFileWriter(part, in: directory, buffer: .init())
                try append(seededBytes(count: 2 * block, seed: 1), to: writer, seed: 1)
            }
            first = nil
            #expect(try directory.names() == [name])
            #expect(try PartFile.open(name, in: directory)?.byteCount ?? 0 > 0)
            try directory.removeAbandonedFiles()
            #expect(try directory.names() == [])
        }
    }

    @Test func aPartFileWithNothingInItGoes() throws {
        try withDirectory(on: .disk) { directory throws in
            #expect(try PartFile.open(partName(7), in: directory) != nil)
            #expect(try directory.names() == [])
        }
    }

    @Test func unfinishedFilesOfThisProcessStay() throws {
        try withDirectory(on: .disk) { directory throws in
            let name = temporaryName()
            try Descriptor.open(name, .create, at: directory).write([1])
            try directory.removeAbandonedFiles()
            #expect(try directory.names() == [name])
        }
    }

    @Test(arguments: Place.allCases)
    func oneBufferServesFilesInTurn(place: Place) throws {
        let buffer = LargeFileWriter.Buffer()
        try withDirectory(on: place) { directory throws in
            for (number, count) in [block + 5, 10, 0, 2 * block + 1, 4_096].enumerated() {
                let bytes = seededBytes(count: count, seed: UInt64(number))
                let writer = try LargeFileWriter(in: directory, buffer: buffer)
                try append(bytes, to: writer, seed: UInt64(number))
                try writer.complete(mode: 0o444)
                #expect(try writer.publish(as: BytePath("\(number)"), .creating))
                try expect(directory, holds: bytes, as: "\(number)")
            }
        }
    }

    @Test(arguments: Place.allCases, [0, 100, block + 1, 3 * block])
    func anAbandonedFileLeavesNothing(place: Place, count: Int) throws {
        try withDirectory(on: place) { directory throws in
            do {
                let writer = try LargeFileWriter(in: directory, buffer: .init())
                try append(seededBytes(count: count, seed: 1), to: writer, seed: 1)
                #expect(try directory.names().count == 1)
            }
            #expect(try directory.isEmptyDirectory())
            do {
                let writer = try LargeFileWriter(in: directory, buffer: .init())
                try append(seededBytes(count: count, seed: 2), to: writer, seed: 2)
                try writer.complete(mode: 0o444)
            }
            #expect(try directory.isEmptyDirectory())
        }
    }

    @Test func aTakenNameStaysAsItIs() throws {
        try withDirectory { directory throws in
            try directory.make("pack", [1, 2])
            for (publishing, expected) in [(.creating, [1, 2]), (.replacing, [3])] as [(Publishing, [UInt8])]
            {
                let writer = try LargeFileWriter(in: directory, buffer: .init())
                try append([3], to: writer, seed: 1)
                try writer.complete(mode: 0o444)
                #expect(try writer.publish(as: BytePath("pack"), publishing) == (expected == [3]))
                #expect(try directory.content("pack") == expected)
                #expect(try directory.names() == [BytePath("pack")])
            }
        }
    }

    @Test func aFailureToPublishLeavesNothing() throws {
        try withDirectory { directory throws in
            do {
                let writer = try LargeFileWriter(in: directory, buffer: .init())
                try writer.complete(mode: 0o444)
                #expect(throws: FileError.self) { try writer.publish(as: BytePath("no/pack"), .creating) }
            }
            #expect(try directory.isEmptyDirectory())
        }
    }
}
