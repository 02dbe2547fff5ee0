// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Files that nobody edited, under a lock that names another version than theirs.
@Suite struct OutdatedTests {
    /// A project of `data` whose lock names a version with a file changed, one added, one removed; a clone of it has
    /// pulled the version before.
    private func withClone(_ body: (_ work: Place, _ clone: Place) throws -> Void) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a.txt": "a1\n", "b.txt": "b1\n", "c.txt": "c1\n"])
            let clone = try work.clone()
            try clone.reg("pull")
            try work.write("d2\n", to: "data/d.txt")
            try remove(work["data/b.txt"])
            try work.pushNextVersion("a2\n")
            try body(work, clone)
        }
    }

    private func expectOutdated(_ place: Place, at location: SourceLocation = #_sourceLocation) throws {
        let status = try place.status(of: "data")
        #expect(status.text("state") == "modified", sourceLocation: location)
        #expect(status.flag("outdated") == true, "\(status)", sourceLocation: location)
        let text = try place.reg("status").text
        #expect(text.hasPrefix("1 of 1 outdated"), "\(text)", sourceLocation: location)
        #expect(text.hasSuffix("next: reg pull\n"), "\(text)", sourceLocation: location)
    }

    @Test func afterGitPullTheNextStepIsRegPull() throws {
        try withClone { work, clone in
            try clone.git("pull", "--quiet")
            let lock = try clone.text(of: "reg.lock")
            try expectOutdated(clone)

            let added = try clone.reg("add")
            #expect(added.errorText.contains("left alone: data"), "\(added.errorText)")
            #expect(try clone.text(of: "reg.lock") == lock)

            try clone.reg("pull")
            let status = try clone.status(of: "data")
            #expect(status.text("state") == "clean" && status.flag("outdated") == false)
        }
    }

    @Test func afterGitCheckoutAsWell() throws {
        try withClone { work, _ in
            try work.git("checkout", "--quiet", "HEAD~1")
            try expectOutdated(work)
            try work.git("checkout", "--quiet", "main")
            #expect(try work.status(of: "data").text("state") == "clean")
        }
    }

    @Test func afterUseAsWell() throws {
        try withClone { work, _ in
            try work.reg("use", "data@v1")
            try expectOutdated(work)
            try work.git("add", "--all")
            try work.git("commit", "--quiet", "--message", "back")
            #expect(try work.fails(12, "pin", "-o", "job.pin", "--", "true").contains("reg pull"))
        }
    }

    @Test func whereTheNewVersionOnlyAddsFiles() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a.txt": "a1\n"])
            let clone = try work.clone()
            try clone.reg("pull")
            try work.write("b1\n", to: "data/b.txt")
            try work.reg("add")
            try work.commit()
            try work.reg("push")
            try clone.git("pull", "--quiet")
            try expectOutdated(clone)
        }
    }

    @Test func alsoWhereTheVersionCannotBeReached() throws {
        try withClone { work, clone in
            try clone.git("pull", "--quiet")
            try remove(work.sandbox.registry)
            let status = try clone.status(of: "data")
            #expect(status.flag("outdated") == true, "\(status)")
        }
    }

    @Test func ofAPartOnlyWhatWasPulledCounts() throws {
        try withClone { work, _ in
            let other = try work.clone("other")
            try other.git("checkout", "--quiet", "HEAD~1")
            try other.reg("pull", "--only", "a.txt")
            try other.git("checkout", "--quiet", "main")
            try expectOutdated(other)
        }
    }

    @Test func namingItTakesTheOldFilesAllTheSame() throws {
        try withClone { _, clone in
            let old = try clone.text(of: "reg.lock")
            try clone.git("pull", "--quiet")
            let added = try clone.reg("add", "data")
            #expect(added.errorText.hasPrefix("warning: data: reg.lock named another version"))
            #expect(try clone.text(of: "reg.lock") == old)
            #expect(try clone.status(of: "data").text("state") == "clean")
        }
    }

    enum Edit: CaseIterable { case changed, added, removed }

    @Test(arguments: Edit.allCases)
    func editedFilesStayModifiedAndAddingThemWarns(edit: Edit) throws {
        try withClone { _, clone in
            switch edit {
            case .changed: try clone.write("mine\n", to: "data/c.txt")
            case .added: try clone.write("mine\n", to: "data/e.txt")
            case .removed: try remove(clone["data/c.txt"])
            }
            try clone.git("pull", "--quiet")
            let status = try clone.status(of: "data")
            #expect(status.text("state") == "modified" && status.flag("outdated") == false, "\(status)")
            let text = try clone.reg("status").text
            #expect(text.contains("reg.lock names another version") && text.hasSuffix("next: reg add\n"))
            let warnings = try clone.json("add").texts("warnings")
            let shown = try #require(warnings.first?.split(separator: ": ").last).split(separator: " ")
            #expect(warnings.count == 1 && shown.prefix(2) == ["reg", "diff"], "\(warnings)")
            let difference = try clone.json("diff", String(shown[2]), String(shown[3]))
            #expect(difference.list("files").contains { $0.text("path") == "a.txt" })
        }
    }

    @Test func editsUnderTheirOwnVersionAreNoReasonToWarn() throws {
        try withClone { _, clone in
            try clone.write("mine\n", to: "data/c.txt")
            try remove(clone["data/a.txt"])
            #expect(try clone.status(of: "data").flag("outdated") == false)
            #expect(try clone.reg("add").errorText == "")
        }
    }

    @Test func bothKindsOfArtifactsAreToldApart() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            try work.writeSampleWeights(seed: 2)
            try work.reg("add")
            try work.commit()
            try work.git("checkout", "--quiet", "HEAD~1")
            try work.write("mine\n", to: "data/mine.txt")
            let text = try work.reg("status").text
            #expect(text.hasPrefix("1 of 4 changed, 1 of 4 outdated"), "\(text)")
            #expect(text.hasSuffix("next: reg add, then reg pull\n"), "\(text)")
            let added = try work.json("add").list("artifacts")
            #expect(
                added.map { $0.text("name") } == ["config", "data"], "what git keeps is always looked at")
            try work.reg("pull")
            #expect(try work.json("status").flag("clean") == true)
        }
    }
}
