// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegTesting
import Testing

/// Places that cannot be written or read: the exit code says whose they are, and nothing is left.
struct PermissionTests {
    private let sandbox: Sandbox
    private let project: Project
    private let clone: String

    /// Version 1 of `data` pushed, and a clone without it.
    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
        for number in 0..<10 {
            let name = "\(project.repository)/data/\(number)"
            try sandbox.write(name, seededBytes(count: 20_000, seed: UInt64(number)))
        }
        try project.pushAll(["data"])
        clone = try project.clone(as: "clone")
    }

    private func change() throws {
        try sandbox.write("\(project.repository)/data/new", seededBytes(count: 20_000, seed: 50))
    }

    @Test(.needsMounts) func readOnlyStateIsALocalFailure() throws {
        try change()
        let before = try sandbox.tree(project.repository)
        try Mount.withReadOnly("\(project.repository)/.git", in: sandbox) {
            let outcome = try sandbox.reg(["add", "data"], in: project.repository).run()
            expectFailure(outcome, [9], "add")
            #expect(outcome.errorText.contains(sandbox.path("\(project.repository)/.git/")))
        }
        #expect(try sandbox.tree(project.repository).entries == before.entries)
        try sandbox.succeed(["add", "data"], in: project.repository)
    }

    @Test(.needsMounts) func readOnlyRegistryIsEnoughForReaders() throws {
        let before = try sandbox.tree(project.registry)
        try Mount.withReadOnly(project.registry, in: sandbox) {
            try sandbox.succeed(["pull"], in: clone)
            try sandbox.succeed(["pull", "data@v1", "-o", "../apart"], in: clone)
            for arguments in [["ls"], ["log"], ["status"], ["verify", "--data"], ["cat", "data:1"]] {
                try sandbox.succeed(arguments, in: clone)
            }
        }
        #expect(
            try sandbox.tree("\(clone)/data").entries == sandbox.tree("\(project.repository)/data").entries)
        let after = try sandbox.tree(project.registry)
        #expect(after.entries == before.entries && after.traces == before.traces)
    }

    @Test(.needsMounts) func readOnlyRegistryTakesNoPush() throws {
        try change()
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try Mount.withReadOnly(project.registry, in: sandbox) {
            let outcome = try sandbox.reg(["push"], in: project.repository).run()
            expectFailure(outcome, [8, 9], "push")
            #expect(outcome.errorText.contains(sandbox.path(project.registry)), "\(outcome.errorText)")
        }
        try sandbox.succeed(["push"], in: project.repository)
        try project.expectSound("after the push")
    }

    @Test(.needsMounts) func readOnlyTargetIsALocalFailure() throws {
        try sandbox.makeDirectory("target")
        try Mount.withReadOnly("target", in: sandbox) {
            let outcome = try sandbox.reg(["pull", "data", "-o", "../../target/out"], in: clone).run()
            expectFailure(outcome, [9], "pull apart")
        }
        try Mount.withReadOnly(clone, in: sandbox) {
            let outcome = try sandbox.reg(["pull"], in: clone).run()
            expectFailure(outcome, [9], "pull")
            #expect(outcome.errorText.contains(sandbox.path("\(clone)/data")), "\(outcome.errorText)")
        }
        #expect(try sandbox.names("target").isEmpty && !sandbox.exists("\(clone)/data"))
        try sandbox.succeed(["pull"], in: clone)
    }

    /// As a user whom modes bind; root may read and write everything.
    private func unprivileged(_ arguments: [String], in directory: String) throws -> Command.Outcome {
        try sandbox.run("/bin/cp", ["--", Sandbox.regBinary, sandbox.path("reg")])
        let words = [sandbox.path("reg")] + arguments
        guard geteuid() == 0 else { return try sandbox.command(words[0], arguments, in: directory).run() }
        let user = "65534"
        try sandbox.run("/bin/chown", ["-R", user, "--", sandbox.root])
        let prefix = ["--reuid", user, "--regid", user, "--clear-groups", "--"]
        return try sandbox.command("/usr/bin/setpriv", prefix + words, in: directory).run()
    }

    @Test func unreadableFileIsNamedAndNothingIsAdded() throws {
        try change()
        let lock = try sandbox.read("\(project.repository)/reg.lock")
        for (name, mode) in [("data/3", 0o000), ("data/sub", 0o000), ("data/sub", 0o444)] {
            try sandbox.write("\(project.repository)/data/sub/file", [1])
            chmod(sandbox.path("\(project.repository)/\(name)"), mode_t(mode))
            let outcome = try unprivileged(["add", "data"], in: project.repository)
            chmod(sandbox.path("\(project.repository)/\(name)"), 0o755)
            expectFailure(outcome, [9], "add of \(name)")
            #expect(outcome.errorText.contains(name), "\(outcome.errorText)")
            #expect(try sandbox.read("\(project.repository)/reg.lock") == lock)
        }
        let next = try unprivileged(["add", "data"], in: project.repository)
        #expect(next.code == 0, "\(next.errorText)")
    }

    @Test func directoryThatCannotBeWrittenIsALocalFailure() throws {
        chmod(sandbox.path(clone), 0o555)
        let outcome = try unprivileged(["pull"], in: clone)
        expectFailure(outcome, [9], "pull")
        #expect(outcome.errorText.contains(sandbox.path("\(clone)/data")), "\(outcome.errorText)")
        chmod(sandbox.path(clone), 0o755)
        let next = try unprivileged(["pull"], in: clone)
        #expect(next.code == 0, "\(next.errorText)")
    }
}
