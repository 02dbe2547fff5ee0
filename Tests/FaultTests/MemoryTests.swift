// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegTesting
import Testing

/// Inputs of any size and number take at most 256 MiB of memory.
struct MemoryTests {
    private static let limit = 256 << 10  // KiB

    private let sandbox: Sandbox
    private let project: Project

    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
    }

    private func expectSmall(_ arguments: [String], in directory: String) throws {
        let (outcome, memory) = try sandbox.measured(arguments, in: directory, limit: .seconds(900))
        #expect(outcome.code == 0, "\(arguments): \(outcome.ending) \(outcome.errorText)")
        if let memory { #expect(memory < MemoryTests.limit, "\(arguments): \(memory) KiB") }
    }

    private func checkAll(_ name: String) throws {
        try expectSmall(["add", name], in: project.repository)
        try project.commit()
        for arguments in [["push"], ["status"], ["verify", "--data"]] {
            try expectSmall(arguments, in: project.repository)
        }
        try expectSmall(["pull"], in: try project.clone(as: "clone"))
    }

    @Test func sparseFileIsReadInPieces() throws {
        let size = Soak.isFull ? "20G" : "300M"
        try sandbox.makeDirectory("\(project.repository)/data")
        let path = sandbox.path("\(project.repository)/data/holes")
        try sandbox.run("/usr/bin/truncate", ["--size=\(size)", "--", path])
        try expectSmall(["add", "data"], in: project.repository)
        try project.commit()
        try expectSmall(["push"], in: project.repository)
        try expectSmall(["verify", "--data"], in: project.repository)
        let bytes = try sandbox.tree(project.registry).files.values.reduce(0) { sum, entry in
            if case .file(_, let byteCount, _) = entry { sum + byteCount } else { sum }
        }
        #expect(bytes < 100 << 20, "\(bytes) bytes for nothing but zeros")
    }

    /// Two COCO files of more than 100 MB, none of whose boxes is the same.
    @Test func largeAnnotationsAreStreamed() throws {
        let script = """
            import sys
            for path, width in ("old.json", 20.5), ("new.json", 21.25):
                with open(path, "w") as file:
                    file.write('{"images": [')
                    file.write(", ".join('{"id": %d, "file_name": "train/%012d.jpg"}' % (i, i) for i in range(100_000)))
                    file.write('], "categories": [{"id": 1, "name": "cat"}], "annotations": [')
                    file.write(", ".join(
                        '{"id": %d, "image_id": %d, "category_id": 1, "bbox": [%d.5, %d, %s, 30], "segmentation": [[%s]]}'
                        % (i, i % 100_000, i % 600, i % 400, width, ", ".join(["12.25"] * 7)) for i in range(700_000)))
                    file.write("]}")
            """
        try sandbox.run("/usr/bin/python3", ["-c", script], in: project.place)
        let place = sandbox.path(project.place)
        try expectSmall(["diff", "\(place)/old.json", "\(place)/new.json"], in: project.repository)
    }

    @Test func manyFilesInOneDirectory() throws {
        let count = Soak.count(5_000, full: 100_000)
        try sandbox.makeDirectory("\(project.repository)/data")
        for number in 0..<count {
            try sandbox.write("\(project.repository)/data/file-\(number)", Array("\(number)".utf8))
        }
        try checkAll("data")
        let clone = "\(project.place)/clone/data"
        #expect(try sandbox.names(clone).count == count)
    }

    @Test func emptyFilesAndDirectoriesTravel() throws {
        let data = "\(project.repository)/data"
        for name in ["a/b/c", "a/empty", "e"] {
            try sandbox.run("/bin/mkdir", ["-p", sandbox.path("\(data)/\(name)")])
        }
        for name in ["a/file", "a/b/file", "file", "f/g/h"] { try sandbox.write("\(data)/\(name)", []) }
        try checkAll("data")
        #expect(try sandbox.tree("\(project.place)/clone/data").entries == sandbox.tree(data).entries)
    }

    /// Little address space: the work is done in it, or refused as a local failure.
    @Test(arguments: ["add", "push", "pull"]) func littleAddressSpaceIsEnoughOrNamed(verb: String) throws {
        try sandbox.write("\(project.repository)/data/long", seededBytes(count: 10 << 20, seed: 1))
        if verb != "add" {
            try sandbox.succeed(["add", "data"], in: project.repository)
            try project.commit()
        }
        if verb == "pull" { try sandbox.succeed(["push"], in: project.repository) }
        let place = verb == "pull" ? try project.clone(as: "clone") : project.repository
        for mebibytes in [1_024, 512, 256, 128, 64] {
            let words =
                ["--as=\(mebibytes << 20)", "--", Sandbox.regBinary, verb] + (verb == "add" ? ["data"] : [])
            let outcome = try sandbox.command("/usr/bin/prlimit", words, in: place).run()
            expectFailure(outcome, mebibytes >= 512 ? [0] : [0, 9, 70, 127], "\(verb) in \(mebibytes) MiB")
        }
        try sandbox.succeed([verb] + (verb == "add" ? ["data"] : []), in: place)
    }
}
