// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegFiles
import RegHash
import RegPack
import RegStore
import RegTesting
import Testing

/// What is made of a pack that a killed process has begun.
@Suite struct UnfinishedPackTests {
    private let samples = (0..<6).map { Sample(bytes: seededBytes(count: 1_000 + $0, seed: UInt64($0))) }

    /// A store whose process was killed in the middle of a pack, and its journal.
    private struct Scene {
        let root: BytePath
        var name = RandomName.random()
        var store: DirectoryStore { DirectoryStore(root: root.appending("store")) }
        var packs: UnfinishedPacks { UnfinishedPacks(directory: root.appending("journal")) }
        var file: BytePath {
            store.path(of: .pack(name)).parent.appending(".tmp-4999999-0123456789abcdef")
        }
        var note: BytePath { root.appending("journal/\(name.hex).unfinished") }

        /// `data`: what is in the file; `noteLength`: how much of the note was written.
        func leave(_ samples: [Sample], data: [UInt8], noteLength: Int? = nil) throws {
            var note = ByteWriter()
            note.append("REGUNFI1".utf8)
            note.u32(UInt32(file.bytes.count))
            note.append(file.bytes)
            for sample in samples {
                note.append(sample.id.bytes)
                note.u32(UInt32(sample.bytes.count))
                note.u32(UInt32(sample.bytes.count))
                note.u8(sample.kind.rawValue)
                note.u8(0)
                note.u16(0)
            }
            try makeDirectories(self.note.parent)
            try makeDirectories(file.parent)
            let bytes = Array(note.bytes.prefix(noteLength ?? note.bytes.count))
            try publish(bytes, as: self.note.lastComponent, in: .directory(self.note.parent), .creating)
            try publish(data, as: file.lastComponent, in: .directory(file.parent), .creating)
        }

        func finish() throws -> [PackWriter.Finished] {
            try packs.abandoned().compactMap { pack in
                defer { try? pack.forget() }
                return try pack.finish { _, bytes in SHA256.digest(of: bytes) }
            }
        }
    }

    private func withScene(_ body: (Scene) throws -> Void) throws {
        try withTemporaryDirectory { try body(Scene(root: $0)) }
    }

    private var data: [UInt8] { Array("REGPACK1".utf8) + samples.flatMap(\.bytes) }

    /// Where the first `count` entries end.
    private func end(_ count: Int) -> Int { 8 + samples[..<count].reduce(0) { $0 + $1.bytes.count } }

    private func expect(_ count: Int, of scene: Scene, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let finished = try scene.finish()
        if count == 0 {
            #expect(finished.isEmpty, sourceLocation: sourceLocation)
            #expect(try scene.store.packNames() == [], sourceLocation: sourceLocation)
        } else {
            #expect(finished.map(\.name) == [scene.name], sourceLocation: sourceLocation)
            let index = try PackIndex.read(scene.name, from: scene.store)
            #expect(index.entries.map(\.id) == samples[..<count].map(\.id), sourceLocation: sourceLocation)
            #expect(finished.first?.entries == index.entries, sourceLocation: sourceLocation)
            #expect(
                try scene.store.size(of: .pack(scene.name)) == finished.first?.byteCount,
                sourceLocation: sourceLocation)
        }
        let left = try Descriptor.directory(scene.file.parent).entries().filter { isTemporary($0.name) }
        #expect(left.isEmpty, sourceLocation: sourceLocation)
        #expect(try Descriptor.directory(scene.note.parent).entries().isEmpty, sourceLocation: sourceLocation)
        #expect(try scene.finish().isEmpty, "once is enough", sourceLocation: sourceLocation)
    }

    @Test func whatIsWholeBecomesAPack() throws {
        try withScene { scene throws in
            try scene.leave(samples, data: data)
            try expect(6, of: scene)
        }
    }

    @Test func whatTheNoteDoesNotSayIsDropped() throws {
        try withScene { scene throws in
            try scene.leave(Array(samples[..<4]), data: data)
            try expect(4, of: scene)
        }
    }

    @Test func anEntryThatIsNotAllThereIsDropped() throws {
        try withScene { scene throws in
            try scene.leave(samples, data: Array(data[..<(end(5) - 1)]))
            try expect(4, of: scene)
        }
    }

    @Test func nothingAfterADamagedEntryIsKept() throws {
        try withScene { scene throws in
            var damaged = data
            damaged[end(2) + 10] ^= 1
            try scene.leave(samples, data: damaged)
            try expect(2, of: scene)
        }
    }

    @Test(arguments: [0, 4, 8, 20, 150, 151, 200]) func aNoteThatWasCutSaysWhatItSays(length: Int) throws {
        try withScene { scene throws in
            let headerLength = 12 + scene.file.bytes.count
            try scene.leave(samples, data: data, noteLength: length)
            let count = length < headerLength ? 0 : (length - headerLength) / 44
            let finished = try scene.finish()
            #expect(finished.first?.entries.count ?? 0 == count)
        }
    }

    @Test func aFileThatIsNoPackIsRemoved() throws {
        try withScene { scene throws in
            try scene.leave(samples, data: seededBytes(count: 9_000, seed: 99))
            try expect(0, of: scene)
        }
    }

    @Test func aPackThatHasItsNameAlreadyIsTold() throws {
        try withScene { scene throws in
            try scene.leave(samples, data: data)
            let packs = try scene.packs.abandoned()
            _ = try packs.first?.finish { _, bytes in SHA256.digest(of: bytes) }
            // Killed before it could forget the note.
            let again = try packs.first?.finish { _, bytes in SHA256.digest(of: bytes) }
            #expect(again?.entries.map(\.id) == samples.map(\.id))
        }
    }

    @Test func aPackThatWasKilledWhileItGotItsNameIsTold() throws {
        try withScene { scene throws in
            let whole = try write(samples, to: scene.store)
            let pack = try #require(whole.first)
            let linked = Scene(root: scene.root, name: pack.name)
            try linked.leave(samples, data: [])
            let shelf = try Descriptor.directory(linked.file.parent)
            try shelf.remove(linked.file.lastComponent)
            #expect(try shelf.link(BytePath("\(pack.name.hex).pack"), to: linked.file.lastComponent))
            #expect(try linked.finish().map(\.entries) == [pack.entries])
            #expect(try shelf.entries().count == 1)
        }
    }

    @Test func aPackOfALiveProcessIsLeftAlone() throws {
        try withTemporaryDirectory { root throws in
            let packs = UnfinishedPacks(directory: root.appending("journal"))
            let writer = PackWriter(
                store: DirectoryStore(root: root.appending("store")), unfinished: packs, onFinished: { _ in })
            for sample in samples { try writer.append(sample) }
            #expect(try packs.abandoned().isEmpty)
            try writer.finish()
            #expect(try packs.abandoned().isEmpty)
            #expect(try Descriptor.directory(root.appending("journal")).entries().isEmpty)
        }
    }
}
