// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// What `reg add` says of files that are hardly what somebody wants to keep.
@Suite struct AddWarningTests {
    private static let pointer = """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 12345

        """

    @Test func pointersOfGitLFSAreNamed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(Self.pointer, to: "weights/model.safetensors")
            for index in 0..<7 { try work.write(Self.pointer, to: "data/\(index).png") }
            try work.write("version https://git-lfs.github.com/spec/v2\n", to: "data/a.txt")
            try work.write("see version https://git-lfs.github.com/spec/v1\n", to: "data/b.txt")
            try work.write(Self.pointer + String(repeating: "x", count: 1000), to: "data/c.txt")
            let added = try work.reg("add", "weights/model.safetensors", "data")
            let lines = added.errorText.split(separator: "\n").filter { $0.hasPrefix("warning:") }
            try #require(lines.count == 2, "\(added.errorText)")
            #expect(lines[0].hasPrefix("warning: model: model.safetensors is a pointer of git-lfs"))
            #expect(lines[0].hasSuffix("git lfs pull"))
            #expect(lines[1].hasPrefix("warning: data: 0.png, 1.png, 2.png, 3.png, 4.png and 2 more are "))
            try work.write(Self.pointer, to: "more.bin")
            #expect(try work.json("push", "more.bin").texts("notes").contains { $0.contains("git-lfs") })
        }
    }

    @Test func anArtifactWithoutFilesIsToldOf() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try makeDirectory(work["data"])
            #expect(try work.json("add", "data").texts("warnings") == ["data: there are no files in data/"])
        }
    }

    @Test func theWayOutOfGitFitsTheArtifact() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("one\n", to: "data/a.txt")
            try work.write(seededBytes(count: 100, seed: 1), to: BytePath("model.pt"))
            try work.commit()
            let notes = try work.json("add", "data", "model.pt").texts("notes")
            #expect(notes.contains { $0.hasSuffix("git rm -r --cached data") }, "\(notes)")
            #expect(notes.contains { $0.hasSuffix("git rm --cached model.pt") }, "\(notes)")
        }
    }
}
