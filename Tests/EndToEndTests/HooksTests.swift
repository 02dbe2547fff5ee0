// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

extension Place {
    /// The same place, with the program under test in `PATH` under its name.
    fileprivate func withRegInPath() throws -> Place {
        var place = self
        let programs = sandbox.path.appending("programs")
        try makeDirectory(programs)
        if !exists(programs.appending("reg")) {
            try makeSymlink(to: Binary.require(), at: programs.appending("reg"))
        }
        place.environment["PATH"] = "\(programs.lossy):\(environment["PATH"] ?? "")"
        return place
    }
}

/// reg in git's hooks.
@Suite struct HooksTests {
    /// A pushed project with hooks, and a bare repository `origin` to push it to.
    private func hookedProject(_ sandbox: Sandbox) throws -> Place {
        let work = try sandbox.pushedProject().withRegInPath()
        try work.git("init", "--quiet", "--bare", "--initial-branch=main", "../origin.git")
        try work.git("remote", "add", "origin", "../origin.git")
        try work.reg("hooks", "install")
        return work
    }

    @Test func aPushOfCommitsWithoutTheirArtifactsIsRefused() throws {
        try withSandbox { sandbox in
            let work = try hookedProject(sandbox)
            #expect(try work.run("git", ["push", "--quiet", "origin", "main"]).code == 0)
            try work.write("two\n", to: "data/a.txt")
            try work.reg("add")
            let commit = try work.commit("not pushed")
            try work.git("tag", "-a", "-m", "tag", "v2")
            let refused = try work.run("git", ["push", "origin", "main"])
            #expect(refused.code == 1, "\(refused.errorText)")
            #expect(refused.errorText.contains("needs what the registry lacks: data"))
            #expect(refused.errorText.contains(commit.prefix(12)))
            #expect(refused.errorText.contains("reg push"))
            #expect(try work.run("git", ["push", "origin", "v2"]).code == 1, "a tag leads to the commit")
            #expect(try work.run("git", ["push", "origin", "HEAD~1:refs/heads/other"]).code == 0)
            #expect(try work.run("git", ["push", "origin", ":other"]).code == 0, "a ref that goes")
            try work.reg("push")
            #expect(try work.run("git", ["push", "--quiet", "origin", "main", "v2"]).code == 0)
        }
    }

    @Test func whatCannotBeLookedAtIsNotRefused() throws {
        try withSandbox { sandbox in
            var work = try hookedProject(sandbox)
            try work.write("two\n", to: "data/a.txt")
            try work.reg("add")
            try work.commit("not pushed")
            work.environment.merge([
                "REG_REGISTRY": "s3://bucket/team", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
                "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_REGION": "nowhere",
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
            ]) { $1 }
            let outcome = try work.run("git", ["push", "origin", "main"])
            #expect(
                outcome.code == 0 && outcome.errorText.contains("reg did not look"), "\(outcome.errorText)")
            try work.commit("another")
            work.environment["PATH"] = sandbox.environment["PATH"]
            let without = try work.run("git", ["push", "origin", "main"])
            #expect(without.code == 0, "\(without.errorText)")
            #expect(without.errorText.contains("reg is not in PATH"))
            #expect(try work.run("git", ["checkout", "--quiet", "HEAD~1"]).code == 0)
        }
    }

    @Test func aCheckoutTellsWhatAPullWouldBring() throws {
        try withSandbox { sandbox in
            let work = try hookedProject(sandbox)
            try work.pushNextVersion("two\n")
            let back = try work.run("git", ["checkout", "--quiet", "HEAD~1"])
            #expect(
                back.code == 0 && back.errorText.contains("data; 'reg pull' brings it"), "\(back.errorText)")
            let forth = try work.run("git", ["checkout", "--quiet", "main"])
            #expect(forth.code == 0 && forth.errorText.isEmpty, "\(forth.errorText)")
            try work.git("branch", "broken")
            try work.git("checkout", "--quiet", "broken")
            try work.write("no lock\n", to: "reg.lock")
            try work.commit("broken")
            try work.git("checkout", "--quiet", "main")
            let broken = try work.run("git", ["checkout", "--quiet", "broken"])
            #expect(broken.code == 0 && broken.errorText.contains("reg.lock"), "\(broken.errorText)")
        }
    }

    @Test func hooksThatAreThereStayAndHearWhatGitSays() throws {
        try withSandbox { sandbox in
            let work = try hookedProject(sandbox)
            try work.reg("hooks", "install", "--uninstall")
            #expect(!work.has(".git/hooks/pre-push") && !work.has(".git/hooks/post-checkout"))
            let theirs = "#!/usr/bin/env bash\nset -eu\ncat > refs.txt\nexit 0"
            try work.write(Array(theirs.utf8), to: BytePath(".git/hooks/pre-push"), mode: 0o755)
            let report = try work.json("hooks", "install")
            #expect(report.list("hooks").map { $0.text("state") } == ["installed", "installed"])
            let again = try work.json("hooks", "install")
            #expect(again.list("hooks").map { $0.text("state") } == ["unchanged", "unchanged"])
            #expect(try work.run("git", ["push", "--quiet", "origin", "main"]).code == 0)
            let head = try work.git("rev-parse", "HEAD")
            let zeros = String(repeating: "0", count: 40)
            #expect(try work.text(of: "refs.txt") == "refs/heads/main \(head) refs/heads/main \(zeros)\n")
            let removed = try work.json("hooks", "install", "--uninstall")
            #expect(removed.list("hooks").map { $0.text("state") } == ["removed", "removed"])
            #expect(try work.text(of: ".git/hooks/pre-push") == theirs)
            let absent = try work.json("hooks", "install", "--uninstall")
            #expect(absent.list("hooks").map { $0.text("state") } == ["absent", "absent"])
        }
    }

    @Test func hooksThatAreNoShellScriptsAreLeftAlone() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project().withRegInPath()
            let hook = BytePath(".git/hooks/post-checkout")
            let python = Array("#!/usr/bin/env python3\nprint()\n".utf8)
            try work.write(python, to: hook, mode: 0o755)
            #expect(try work.fails(3, "hooks", "install").contains("reg hooks run post-checkout"))
            #expect(!work.has(".git/hooks/pre-push"), "nothing is written")
            #expect(try readFile(work.path.appending(hook)) == python)
            try work.write(Array("#!/bin/sh\n".utf8), to: hook, mode: 0o644)
            #expect(try work.fails(3, "hooks", "install").contains("executable"))
            try remove(work.path.appending(hook))
            try makeSymlink(to: "elsewhere", at: work.path.appending(hook))
            #expect(try work.fails(3, "hooks", "install").contains("symbolic link"))
        }
    }

    @Test func gitsOwnSettingsSayWhereHooksAre() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject().withRegInPath()
            try work.git("worktree", "add", "--quiet", "../tree")
            let tree = Place(path: sandbox.path.appending("tree"), sandbox: work.sandbox)
            try tree.reg("hooks", "install")
            #expect(work.has(".git/hooks/pre-push") && work.has(".git/hooks/post-checkout"))
            try work.git("config", "core.hooksPath", "tools/hooks")
            try work.reg("hooks", "install")
            #expect(work.has("tools/hooks/pre-push"))
            try work.git("config", "core.hooksPath", sandbox.path.appending("shared").lossy)
            let notes = try work.json("hooks", "install").texts("notes")
            #expect(notes.contains { $0.contains("core.hooksPath") }, "\(notes)")
            #expect(exists(sandbox.path.appending("shared/pre-push")))
        }
    }
}
