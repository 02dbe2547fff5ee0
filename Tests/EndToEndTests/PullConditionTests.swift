// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Pulls that depend on a commit, or on whether the registry can be reached.
@Suite struct PullConditionTests {
    // MARK: --expect-commit

    @Test func aVersionMustGoWithTheCommit() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let first = try work.git("rev-parse", "HEAD")
            let second = try work.pushNextVersion("two\n")
            try work.reg("pull", "data@v1", "--expect-commit", "HEAD~1", "-o", "old")
            #expect(try work.text(of: "old/a.txt") == "one\n")
            let other = try work.fails(3, "pull", "data@v1", "--expect-commit", "HEAD", "-o", "other")
            #expect(other.contains(first.prefix(12)) && other.contains("reg pull data@HEAD"), "\(other)")
            #expect(!work.has("other"))
            try work.reg("pull", "--expect-commit", second)
            try work.fails(3, "pull", "--expect-commit", first)
            try work.fails(5, "pull", "--expect-commit", "no-such-branch")

            let job = try sandbox.directory("job")
            let registry = sandbox.registry.lossy
            let words = ["pull", "data", "--registry", registry, "-o", "in", "--expect-commit"]
            try job.fails(3, (words + [String(first.prefix(8))]).map { Array($0.utf8) })
            #expect(!job.has("in"))
            try job.reg((words + [String(second.prefix(8))]).map { Array($0.utf8) })
            #expect(try job.text(of: "in/a.txt") == "two\n")
        }
    }

    @Test func aRunsOutputGoesWithTheCommitOfItsPin() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let data = try sandbox.forge.version("data@v1", in: work)
            try work.write("weights", to: "weights.bin")
            try work.reg("push", "./weights.bin", "--as", "model")
            let weights = try sandbox.forge.version("model@v1", in: work)
            let commit = try work.commit("another")
            try work.fails(3, "pull", "model@v1", "--expect-commit", "HEAD", "-o", "a")
            let pin = try sandbox.forge.appendPin([data], commit: commit)
            try sandbox.forge.appendRun(of: pin, metrics: [:], outputs: [weights])
            try work.reg("pull", "model@v1", "--expect-commit", "HEAD", "-o", "a")
            #expect(try readText(work["a/weights.bin"]) == "weights")
        }
    }

    // MARK: --if-unreachable

    /// A sandbox's settings in which no S3 server answers, and that is known soon.
    private func closed(_ place: Place) -> Place {
        var place = place
        place.environment.merge([
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_REGION": "nowhere",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
        ]) { $1 }
        return place
    }

    @Test func aDirectoryIsKeptWhereTheRegistryCannotBeReached() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pushedProject()
            let job = closed(try sandbox.directory("job"))
            try job.reg("pull", "data", "--registry", sandbox.registry.lossy, "-o", "in")
            let bucket = ["--registry", "s3://bucket/team", "--if-unreachable", "keep", "-o"]
            let kept = try job.json(
                (["pull", "data@prod", "--clean"] + bucket + ["in"]).map { Array($0.utf8) })
            #expect(kept.flag("kept") == true && kept.list("artifacts").isEmpty)
            #expect(kept.texts("notes").first?.contains("in stays as it is") == true)
            #expect(try job.text(of: "in/a.txt") == "one\n")
            try job.fails(7, "pull", "data@prod", "--registry", "s3://bucket/team", "-o", "in")
            try job.fails(7, (["pull", "data"] + bucket + ["missing"]).map { Array($0.utf8) })
            try makeDirectory(job["empty"])
            try job.fails(7, (["pull", "data"] + bucket + ["empty"]).map { Array($0.utf8) })
            let reached = try job.json(
                "pull", "data", "--registry", sandbox.registry.lossy, "-o", "in", "--if-unreachable", "keep")
            #expect(reached.flag("kept") == false)
            try job.fails(2, "pull", "data", "-o", "in", "--if-unreachable", "fail")
        }
    }

    @Test func aWorkspaceIsKeptWhereAllFilesOfTheLockAreHere() throws {
        try withSandbox { sandbox in
            let origin = try sandbox.pushedProject()
            let work = closed(try origin.clone())
            try work.reg("pull")
            // A fresh clone has no manifest of its own: it has to ask.
            let words = ["pull", "--registry", "s3://bucket/team", "--if-unreachable", "keep"]
                .map { Array($0.utf8) }
            let kept = try work.json(words)
            #expect(kept.flag("kept") == true)
            #expect(kept.list("artifacts").first?.count("kept_bytes") == 4)
            try remove(work["data/a.txt"])
            try work.fails(7, words)
        }
    }
}
