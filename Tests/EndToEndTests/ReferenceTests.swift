// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// What people may write to name versions.
@Suite struct ReferenceTests {
    /// Three versions of `data`, whose file says `one`, `two`, `three`; their commits.
    private func threeVersions(_ sandbox: Sandbox) throws -> (work: Place, commits: [String]) {
        let work = try sandbox.pushedProject()
        let first = try work.git("rev-parse", "HEAD")
        let second = try work.pushNextVersion("two\n")
        let third = try work.pushNextVersion("three\n")
        return (work, [first, second, third])
    }

    private func content(_ reference: String, in place: Place) throws -> String {
        try place.reg("cat", "\(reference):a.txt").text
    }

    @Test func everyFormLeadsToItsVersion() throws {
        try withSandbox { sandbox in
            let (work, commits) = try threeVersions(sandbox)
            try work.git("tag", "--annotate", "--message", "a tag", "release", commits[1])
            try work.git("branch", "old", commits[0])
            let digest = try #require(try work.json("show", "data@v2").text("digest")).dropFirst(7)
            let forms = [
                "data": "three\n", "data@latest": "three\n", "data@v1": "one\n", "data@v2": "two\n",
                "data@sha256:\(digest.prefix(8))": "two\n", "data@sha256:\(digest)": "two\n",
                "data@HEAD": "three\n", "data@HEAD~1": "two\n", "data@HEAD~2": "one\n",
                "data@release": "two\n", "data@old": "one\n", "data@main": "three\n",
                "data@\(commits[0])": "one\n", "data@\(commits[1].prefix(8))": "two\n",
                "data@git:HEAD~1": "two\n", "data@refs/heads/old": "one\n",
            ]
            for (form, text) in forms { #expect(try content(form, in: work) == text, "\(form)") }
        }
    }

    @Test func nameAloneIsTheLocksHereAndTheNewestElsewhere() throws {
        try withSandbox { sandbox in
            let (work, commits) = try threeVersions(sandbox)
            try work.git("checkout", "--quiet", commits[0])
            #expect(try content("data", in: work) == "one\n")
            #expect(try content("data@latest", in: work) == "three\n")
            let elsewhere = try sandbox.directory("elsewhere")
            let text = try elsewhere.reg("cat", "data:a.txt", "--registry", sandbox.registry.lossy).text
            #expect(text == "three\n")
        }
    }

    @Test func versionNumbersComeBeforeGitNamesUnlessForced() throws {
        try withSandbox { sandbox in
            let (work, commits) = try threeVersions(sandbox)
            try work.git("tag", "v1", commits[2])
            try work.git("tag", "latest", commits[0])
            #expect(try content("data@v1", in: work) == "one\n")
            #expect(try content("data@git:v1", in: work) == "three\n")
            #expect(try content("data@latest", in: work) == "three\n")
            #expect(try content("data@git:latest", in: work) == "one\n")
        }
    }

    @Test func setOfARevisionIsPulledWhole() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            let tree = try work.sampleTree()
            try work.writeSampleWeights(seed: 5)
            try remove(work["data/1.jpg"])
            try work.reg("add")
            try work.commit()
            try work.reg("push")
            for reference in ["@HEAD~1", "HEAD~1", "git:HEAD~1"] {
                let output = "out-\(reference.count)"
                try work.reg("pull", reference, "-o", output)
                #expect(try work.tree(output) == tree, "\(reference)")
            }
            try work.reg("pull", "data", "model", "-o", "both")
            #expect(try work.tree("both/data") == work.tree("data"))
            #expect(work.has("both/weights/model.safetensors") && !work.has("both/annotations"))
        }
    }

    @Test func artifactComesBeforeABranchOfTheSameName() throws {
        try withSandbox { sandbox in
            let (work, commits) = try threeVersions(sandbox)
            try work.git("branch", "data", commits[0])
            try work.reg("pull", "data", "-o", "as-artifact")
            #expect(try work.text(of: "as-artifact/a.txt") == "three\n")
            try work.reg("pull", "@data", "-o", "as-branch")
            #expect(try work.text(of: "as-branch/data/a.txt") == "one\n")
            try work.reg("pull", "git:data", "-o", "as-revision")
            #expect(try work.text(of: "as-revision/data/a.txt") == "one\n")
        }
    }

    @Test func commitIsEnoughWithoutItsRepository() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let commit = try work.addSampleAndPush()
            let tree = try work.sampleTree()
            let elsewhere = try sandbox.directory("elsewhere")
            let registry = sandbox.registry.lossy
            try elsewhere.reg("pull", "@\(commit)", "-o", "all", "--registry", registry)
            #expect(try elsewhere.tree("all") == tree, "configs that git keeps are in the set as well")
            try elsewhere.reg("pull", "data@\(commit)", "-o", "data", "--registry", registry)
            #expect(try elsewhere.tree("data") == work.tree("data"))
            try elsewhere.reg("pull", "config@\(commit)", "-o", "config", "--registry", registry)
            #expect(try elsewhere.tree("config") == work.tree("config"))
            try elsewhere.fails(
                5, "pull", "@\(String(repeating: "0", count: 40))", "-o", "none", "--registry", registry)
            #expect(!elsewhere.has("none"))
        }
    }

    @Test func registryComesFromTheEnvironmentToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            var elsewhere = try sandbox.directory("elsewhere")
            elsewhere.environment["REG_REGISTRY"] = sandbox.registry.lossy
            #expect(try elsewhere.reg("cat", "data:a.txt").text == "one\n")
            elsewhere.environment["REG_REGISTRY"] = "/nonexistent/registry"
            try elsewhere.reg("pull", "data", "-o", "out", "--registry", "file://\(sandbox.registry.lossy)")
            #expect(try elsewhere.tree("out") == work.tree("data"))
            try elsewhere.reg("pull", "data", "-o", "again", "--registry", "../registry")
            #expect(try elsewhere.tree("again") == work.tree("data"))
        }
    }

    @Test func ambiguousPrefixIsAUsageError() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let beginnings = ["abcd1", "abcd2"]
            for (index, beginning) in beginnings.enumerated() {
                let digest = try #require(Digest(hex: beginning + String(repeating: "0", count: 59)))
                let push = Forge.push(
                    "twins", version: Int64(index + 1), digest: digest, manifest: digest)
                try sandbox.forge.append([push], project: try sandbox.forge.project)
            }
            #expect(try work.fails(2, "show", "twins@sha256:abcd").contains("2 versions"))
            try work.fails(2, "show", "twins@sha256:abc")
            try work.fails(2, "show", "twins@sha256:ABCD1")
            try work.fails(5, "show", "data@sha256:abcd1")
        }
    }

    @Test(arguments: [
        "nothing", "nothing@v1", "data@v9", "data@v0", "data@nothing", "@nothing", "git:nothing",
        "data@sha256:00000000", "data@HEAD~99", "@HEAD~99", "data@0123456789abcdef",
    ])
    func whatIsNotThereIsNotFound(reference: String) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let message = try work.fails(5, "pull", reference, "-o", "out")
            #expect(message.contains(reference), "\(message)")
            #expect(!work.has("out"))
            try work.fails(5, "show", reference)
            try work.fails(5, "cat", "\(reference.hasPrefix("git:") ? "data@" : "")\(reference):a.txt")
        }
    }

    @Test(arguments: ["data@", "@", "git:", "data@--help", "@-x", "data@git:", "data@sha256:xyz"])
    func whatNamesNothingIsAUsageError(reference: String) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.fails(2, "show", reference)
        }
    }

    @Test func catNamesTheFileThatIsMissing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            #expect(try work.fails(5, "cat", "data:b.txt").contains("b.txt"))
            try work.fails(2, "cat", "data")
            try work.fails(2, "cat", "data:a.txt", "--range", "3-1")
            try work.fails(2, "cat", "data:a.txt", "--range", "x")
        }
    }
}
