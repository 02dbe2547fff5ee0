// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegHash
import RegTesting
import Testing

/// Trees into which somebody has put links that lead elsewhere: a pull writes nowhere but in its own place.
struct VictimTests {
    private let sandbox: Sandbox
    private let project: Project
    private let clone: String
    private let canary: Tree
    private let new: Tree

    /// A clone that has version 1 of `data` in its tree and version 2 in its lock; `data/sub/gone` is in 1 alone.
    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
        let data = "\(project.repository)/data"
        for name in ["top", "sub/file", "sub/gone", "sub/deep/file"] {
            try sandbox.write("\(data)/\(name)", Array("1 of \(name)".utf8))
        }
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        clone = try project.clone(as: "clone")
        try sandbox.succeed(["pull"], in: clone)
        for name in ["top", "sub/file", "sub/deep/file"] {
            try sandbox.write("\(data)/\(name)", Array("2 of \(name)".utf8))
        }
        try sandbox.remove("\(data)/sub/gone")
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        new = try sandbox.tree(data)
        try sandbox.git(["pull", "--quiet"], in: clone)
        // What a pull that followed a link would take for its own, to write or to remove.
        try sandbox.copy("\(clone)/data", to: "canary")
        canary = try sandbox.tree("canary")
    }

    private func expectCanary(_ what: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let now = try sandbox.tree("canary")
        let isUntouched = now.entries == canary.entries && now.traces == canary.traces
        #expect(isUntouched, "\(what): changed what lies outside", sourceLocation: sourceLocation)
    }

    private func pull(_ options: [String] = []) throws -> Command.Outcome {
        try sandbox.reg(["pull"] + options, in: clone).run(limit: .seconds(20))
    }

    @Test(arguments: ["", "/sub", "/sub/deep"])
    func directoryThatBecameALinkIsRefused(below: String) throws {
        let path = "data\(below)"
        let upwards = String(repeating: "../", count: path.split(separator: "/").count + 1)
        for link in [sandbox.path("canary\(below)"), "\(upwards)canary\(below)"] {
            try sandbox.remove("\(clone)/\(path)")
            try sandbox.link("\(clone)/\(path)", to: link)
            for options in [[], ["--force"]] {
                expectFailure(try pull(options), [6], "\(path) to \(link), pull \(options)")
                try expectCanary("\(path) to \(link), pull \(options)")
            }
        }
        try sandbox.remove("\(clone)/\(path)")
        let next = try pull()
        #expect(next.code == 0, "\(next.errorText)")
        #expect(try sandbox.tree("\(clone)/data").entries == new.entries)
    }

    @Test func fileThatBecameALinkIsReplacedOnlyByForce() throws {
        for target in ["../../../canary/sub/file", sandbox.path("canary/sub/file"), "nowhere", "deep"] {
            try sandbox.remove("\(clone)/data/sub/file")
            try sandbox.link("\(clone)/data/sub/file", to: target)
            expectFailure(try pull(), [3], "a link to \(target)")
            #expect(
                try sandbox.tree("\(clone)/data").entries[BytePath("sub/file")] == .link(BytePath(target)))
            try expectCanary("a link to \(target)")
            let forced = try pull(["--force"])
            #expect(forced.code == 0, "a link to \(target): \(forced.errorText)")
            #expect(try sandbox.tree("\(clone)/data").entries == new.entries)
            try expectCanary("a link to \(target), forced")
        }
    }

    @Test func hardLinkOutsideKeepsItsBytes() throws {
        try sandbox.remove("\(clone)/data/sub/file")
        try sandbox.run(
            "/bin/ln", [sandbox.path("canary/sub/file"), sandbox.path("\(clone)/data/sub/file")])
        let outcome = try pull()
        expectFailure(outcome, [0, 3], "a hard link")
        let forced = try pull(["--force"])
        #expect(forced.code == 0, "\(forced.errorText)")
        #expect(try sandbox.tree("\(clone)/data").entries == new.entries)
        #expect(try sandbox.tree("canary").entries == canary.entries)
    }

    /// Version 2 has no `sub/gone`; the file of that name behind the link is not the one that reg wrote.
    @Test func removalDoesNotFollowLinks() throws {
        try sandbox.remove("\(clone)/data/sub")
        try sandbox.link("\(clone)/data/sub", to: "../../../canary/sub")
        _ = try pull(["--force"])
        try expectCanary("removal through a link")
    }

    @Test func fileThatBecameAPipeDoesNotHang() throws {
        try sandbox.remove("\(clone)/data/top")
        #expect(mkfifo(sandbox.path("\(clone)/data/top"), 0o644) == 0)
        expectFailure(try pull(), [3, 6], "a pipe")
        let status = try sandbox.reg(["status"], in: clone).run(limit: .seconds(20))
        #expect(status.ending != .killed, "status waits for a pipe")
        let forced = try pull(["--force"])
        #expect(forced.code == 0, "\(forced.errorText)")
        #expect(try sandbox.tree("\(clone)/data").entries == new.entries)
    }

    @Test func directoryInTheWayOfAFileStays() throws {
        try sandbox.remove("\(clone)/data/top")
        try sandbox.write("\(clone)/data/top/mine", Array("mine".utf8))
        for options in [[], ["--force"]] {
            expectFailure(try pull(options), [3], "a directory, pull \(options)")
            #expect(try sandbox.read("\(clone)/data/top/mine") == Array("mine".utf8))
        }
    }

    @Test func fileInTheWayOfADirectoryStays() throws {
        try sandbox.remove("\(clone)/data/sub")
        try sandbox.write("\(clone)/data/sub", Array("mine".utf8))
        expectFailure(try pull(), [3, 6], "a file in the way of a directory")
        #expect(try sandbox.read("\(clone)/data/sub") == Array("mine".utf8))
    }

    /// Between versions a file became a directory and a directory a file; neither was edited here.
    @Test func fileAndDirectoryChangePlaces() throws {
        try sandbox.succeed(["pull"], in: clone)
        let data = "\(project.repository)/data"
        try sandbox.remove("\(data)/top")
        try sandbox.remove("\(data)/sub")
        try sandbox.write("\(data)/top/deep/file", Array("3".utf8))
        try sandbox.write("\(data)/sub", Array("3".utf8))
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        let newest = try sandbox.tree(data)
        try sandbox.git(["pull", "--quiet"], in: clone)
        try sandbox.write("\(clone)/data/sub/deep/mine", Array("mine".utf8))
        expectFailure(try pull(), [3], "a file of the user's in a directory that has to go")
        #expect(try sandbox.tree("\(clone)/data").files.count == new.files.count + 1)
        try sandbox.remove("\(clone)/data/sub/deep/mine")
        let outcome = try pull()
        #expect(outcome.code == 0, "\(outcome.errorText)")
        #expect(try sandbox.tree("\(clone)/data").entries == newest.entries)
        let back = try sandbox.reg(["pull", "data@v2"], in: clone).run()
        #expect(back.code == 0, "\(back.errorText)")
        #expect(try sandbox.tree("\(clone)/data").entries == new.entries)
    }

    /// The lock, the ignore files and the state are replaced where they are, not where a link leads.
    @Test func addDoesNotWriteThroughLinks() throws {
        try sandbox.write("canary/lock", try sandbox.read("\(clone)/reg.lock"))
        try sandbox.write("canary/ignore", Array("mine\n".utf8))
        try sandbox.remove("\(clone)/.gitignore")
        try sandbox.link("\(clone)/.gitignore", to: sandbox.path("canary/ignore"))
        try sandbox.succeed(["pull"], in: clone)
        try sandbox.write("\(clone)/data/top", Array("3".utf8))
        try sandbox.write("\(clone)/fresh/x", Array("x".utf8))
        let before = try sandbox.tree("canary")
        let outcome = try sandbox.reg(["add", "data", "fresh"], in: clone).run()
        expectFailure(outcome, [0, 3, 6], "add beside a linked .gitignore")
        #expect(try sandbox.tree("canary").entries == before.entries)
    }

    @Test func addRefusesLinksAndSpecialFiles() throws {
        try sandbox.link("\(project.repository)/data/link", to: sandbox.path("canary/top"))
        expectFailure(try sandbox.reg(["add", "data"], in: project.repository).run(), [6], "a link")
        try sandbox.remove("\(project.repository)/data/link")
        #expect(mkfifo(sandbox.path("\(project.repository)/data/pipe"), 0o644) == 0)
        let outcome = try sandbox.reg(["add", "data"], in: project.repository).run(limit: .seconds(20))
        expectFailure(outcome, [6], "a pipe")
    }
}
