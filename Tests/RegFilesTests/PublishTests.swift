// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegFiles
import RegTesting
import Testing

@Suite struct PublishTests {
    @Test(arguments: Place.allCases)
    func creatingKeepsWhatHasTheName(place: Place) throws {
        try withDirectory(on: place) { directory throws in
            let name = BytePath("a")
            #expect(try publish([1], as: name, in: directory, .creating))
            #expect(try !publish([2], as: name, in: directory, .creating))
            #expect(try directory.content(name) == [1])
            #expect(try directory.names() == [name])
        }
    }

    @Test(arguments: Place.allCases)
    func replacingLeavesOnlyTheNewFile(place: Place) throws {
        try withDirectory(on: place) { directory throws in
            let name = BytePath("a")
            #expect(try publish([1], as: name, in: directory, .replacing))
            #expect(try publish([2, 3], as: name, in: directory, mode: 0o400, .replacing))
            #expect(try directory.content(name) == [2, 3])
            #expect(try directory.names() == [name])
            #expect(try directory.status(of: name)?.isExecutable == false)
        }
    }

    @Test func theNewFileReplacesASymlinkAndNotItsTarget() throws {
        try withDirectory { directory throws in
            try directory.make("target")
            try directory.makeLink(BytePath("link"), to: BytePath("target"))
            try publish([9], as: BytePath("link"), in: directory, .replacing)
            #expect(try directory.content("target") == [1])
            #expect(try directory.status(of: BytePath("link"))?.kind == .file)
        }
    }

    @Test func theModeIsTheOneAskedFor() throws {
        try withDirectory { directory throws in
            for mode in [0o444, 0o600, 0o755] as [UInt32] {
                try publish([1], as: BytePath("a"), in: directory, mode: mode, .replacing)
                var raw = stat()
                #expect(stat(directory.path.appending("a").lossy, &raw) == 0)
                #expect(raw.st_mode & 0o7777 == mode)
            }
        }
    }

    @Test func aFailureLeavesNoTemporaryFile() throws {
        try withDirectory { directory throws in
            try directory.makeDirectory(BytePath("taken"))
            #expect(code { try publish([1], as: BytePath("taken"), in: directory, .replacing) } == EISDIR)
            #expect(
                code { try publish([1], as: BytePath("missing/a"), in: directory, .replacing) } == ENOENT)
            #expect(
                code { try publish([1], as: BytePath("missing/a"), in: directory, .creating) } == ENOENT)
            let long = BytePath(String(repeating: "a", count: 256))
            #expect(code { try publish([1], as: long, in: directory, .creating) } == ENAMETOOLONG)
            #expect(try directory.names() == [BytePath("taken")])
        }
    }

    @Test func namesAreBytes() throws {
        let names = [
            [0xff, 0x2e], Array("caf\u{e9}".utf8), Array("cafe\u{301}".utf8), Array("a\nb".utf8),
            Array("-rf".utf8),
            Array("\u{1b}[31m".utf8), Array(".x".utf8), Array(" ".utf8), Array(repeating: 0x61, count: 255),
        ].map { BytePath($0 as [UInt8]) }
        try withDirectory { directory throws in
            for name in names { #expect(try publish(name.bytes, as: name, in: directory, .creating)) }
            #expect(try directory.names() == names.sorted())
            #expect(try directory.names() == names.sorted(), "a second time from the same descriptor")
            for name in names { #expect(try directory.content(name) == name.bytes) }
        }
    }

    @Test func ofThreadsThatCreateOneWins() throws {
        try withDirectory { directory throws in
            for round in 0..<20 {
                let name = BytePath("\(round)")
                let won = try onThreads(4) { try publish([UInt8($0)], as: name, in: directory, .creating) }
                #expect(won.count { $0 } == 1)
                #expect(try directory.content(name) == won.firstIndex(of: true).map { [UInt8($0)] })
            }
            #expect(try directory.names().count == 20)
        }
    }

    @Test func replaceFileGivesTheStatusUnderTheNewName() throws {
        try withDirectory { directory throws in
            try directory.make("a", [1, 2, 3])
            let status = try [UInt8](repeating: 7, count: 5).withUnsafeBytes {
                try replaceFile($0, as: BytePath("a"), in: directory, mode: 0o755)
            }
            #expect(status.size == 5 && status.isExecutable)
            let named = try #require(try directory.status(of: BytePath("a")))
            #expect(named.isSameContent(as: status))
            #expect(try directory.names() == [BytePath("a")])
        }
    }
}

@Suite struct ReadSmallFileTests {
    @Test func theLimitItselfIsAllowed() throws {
        try withDirectory { directory throws in
            try directory.make("a", [1, 2, 3])
            let path = directory.path.appending("a")
            #expect(try readSmallFile(path, limit: 3) == [1, 2, 3])
            #expect(code { _ = try readSmallFile(path, limit: 2) } == EFBIG)
            try directory.make("empty", [])
            #expect(try readSmallFile(directory.path.appending("empty"), limit: 0) == [])
        }
    }

    @Test(arguments: ["missing", "missing/a", "file/a"])
    func whatIsNotThereIsNil(name: String) throws {
        try withDirectory { directory throws in
            try directory.make("file")
            #expect(try readSmallFile(directory.path.appending(name), limit: 9) == nil)
        }
    }

    @Test func aDirectoryAndASymlinkAreErrors() throws {
        try withDirectory { directory throws in
            try directory.make("file")
            try directory.makeLink(BytePath("link"), to: BytePath("file"))
            #expect(code { _ = try readSmallFile(directory.path, limit: 1 << 20) } == EISDIR)
            #expect(code { _ = try readSmallFile(directory.path.appending("link"), limit: 9) } == ELOOP)
        }
    }
}
