// SPDX-License-Identifier: Apache-2.0

import RegHash
import RegJSON
import RegKit
import RegLock
import Testing

@testable import reg

/// The keys that scripts rely on, of the document or of the first element of one of its lists.
private func keys(_ document: JSON, in list: String? = nil) -> Set<String> {
    let object = list.map { document[$0]?.arrayValue?.first } ?? document
    return Set(object?.objectValue?.members.map(\.key) ?? [])
}

private let documents: [(schema: String, answer: any Answer)] = [
    ("init", Sample.initialized), ("add", Sample.added), ("status", Sample.status),
    ("push", Sample.pushed(.bound(commit: commit, set: digest, isNew: true), record: 17)),
    ("push", Sample.pushed(.unbound(reason: "no commit"), record: nil)),
    ("hooks-install", Sample.hooks), ("resolve", Sample.resolved), ("resolve", Sample.clashing),
    ("push-commits", Sample.boundCommits),
    ("pull", PullAnswer(report: Sample.pulled, isDryRun: false)),
    ("pull", PullAnswer(report: Sample.pulled, isDryRun: true)),
    ("rm", Sample.removed), ("use", Sample.used), ("ls", Sample.listed), ("show", Sample.shown),
    ("show", FileListAnswer(report: Sample.shown)), ("diff", Sample.compared),
    ("log", HistoryAnswer(entries: Sample.history)), ("verify", Sample.verified([])),
    ("verify", Sample.verified([Sample.problem])), ("manifest-rebuild", Sample.rebuilt),
    ("store", Sample.store), ("store-trim", Sample.trimmed(isDryRun: true)),
    ("store-trim", Sample.trimmed(isDryRun: false)), ("completion", Completion.Script(shell: .bash)),
    ("doctor", Sample.doctored), ("promote", Sample.promoted(record: 18)),
    ("promote", Sample.promoted(record: nil)), ("history", PromotionsAnswer(promotions: [Sample.move])),
    ("rollback", Sample.rolledBack), ("why", Sample.explained(origin: Sample.origin)),
    ("why", Sample.explained(origin: nil)), ("runs", Sample.runs), ("show-run", Sample.runDetails),
]

@Suite struct DocumentTests {
    @Test(arguments: documents.indices)
    func documentsAreThoseOfTheirSchemas(index: Int) throws {
        let document = documents[index].answer.json
        #expect(try Schema(documents[index].schema).faults(in: document) == [])
        // By their texts: what is no finite number is read back as a string.
        #expect(try JSON.parse(Array(document.compact.utf8)).compact == document.compact)
    }

    @Test func addHasTheKeysOfTheContract() {
        let keys = keys(Sample.added.json, in: "artifacts")
        #expect(
            keys.isSuperset(of: [
                "name", "type", "path", "digest", "bytes", "files", "new_bytes", "stored_bytes",
            ]))
    }

    @Test func statusHasTheKeysOfTheContract() {
        #expect(keys(Sample.status.json).isSuperset(of: ["clean", "pushed", "bound", "artifacts"]))
        let keys = keys(Sample.status.json, in: "artifacts")
        #expect(keys.isSuperset(of: ["name", "path", "state", "added", "changed", "missing", "absent"]))
    }

    @Test func pushHasTheKeysOfTheContract() {
        let document = Sample.pushed(.bound(commit: commit, set: digest, isNew: false), record: 17).json
        #expect(keys(document).isSuperset(of: ["record", "artifacts", "binding", "requests", "retries"]))
        #expect(
            keys(document, in: "artifacts").isSuperset(of: [
                "name", "version", "digest", "bytes", "files", "uploaded_bytes", "reused_bytes",
            ]))
        #expect(document["binding"]?["commit"] == .string(commit.hex))
        #expect(document["binding"]?["set"] == .string(digest.text))
    }

    @Test func aPushThatBindsNothingSaysWhy() {
        let document = Sample.pushed(.unbound(reason: "no commit"), record: nil).json
        #expect(document["record"] == JSON.null)
        #expect(document["binding"] == JSON.null)
        #expect(document["reason"] == "no commit")
    }

    @Test func pullHasTheKeysOfTheContract() {
        let document = PullAnswer(report: Sample.pulled, isDryRun: false).json
        #expect(document["requests"] == 4)
        #expect(
            keys(document, in: "artifacts").isSuperset(of: [
                "name", "version", "digest", "path", "bytes", "files", "fetched_bytes", "verified",
            ]))
        #expect(document["artifacts"]?.arrayValue?.first?["verified"] == "file")
    }

    @Test func listsHaveTheKeysOfTheContract() {
        #expect(
            keys(Sample.listed.json, in: "artifacts").isSuperset(of: [
                "name", "type", "version", "digest", "bytes", "files", "aliases",
            ]))
        #expect(
            keys(Sample.shown.json).isSuperset(of: ["name", "version", "digest", "type", "bytes", "files"]))
        #expect(
            keys(Sample.shown.json, in: "files").isSuperset(of: ["path", "bytes", "sha256", "executable"]))
        #expect(
            keys(HistoryAnswer(entries: Sample.history).json, in: "entries").isSuperset(of: [
                "record", "kind", "time", "name", "version", "digest", "commit", "author",
            ]))
    }

    @Test func verifyHasTheKeysOfTheContract() {
        let document = Sample.verified([Sample.problem]).json
        #expect(document["ok"] == false)
        #expect(keys(document, in: "problems").isSuperset(of: ["kind", "object", "artifacts", "message"]))
        #expect(Sample.verified([]).json["ok"] == true)
    }

    @Test func aPathThatIsNotTextHasItsBytesBesideIt() {
        let artifact = Sample.added.json["artifacts"]?.arrayValue
        #expect(artifact?.first?["path"] == "f\u{fffd}")
        #expect(artifact?.first?["path_base64"] == "Zv8=")
        #expect(artifact?.last?["path_base64"] == nil)
        let changed = Sample.status.json["artifacts"]?.arrayValue?.first
        #expect(changed?["changed_base64"] == [nil, "Zv8="])
        #expect(changed?["added_base64"] == nil)
    }
}

@Suite struct TextTests {
    @Test(arguments: documents.indices)
    func noLineSteersATerminal(index: Int) {
        let answer = documents[index].answer
        if answer is Completion.Script { return }
        var style = TextStyle()
        for isVerbose in [false, true] {
            style.isVerbose = isVerbose
            for line in answer.lines(style) {
                #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }, "\(line)")
                #expect(!line.hasSuffix(" "), "\(line)")
            }
        }
    }

    @Test func statusSaysFirstWhatMatters() {
        let lines = Sample.status.lines(TextStyle())
        #expect(lines.first == "1 of 2 changed, not pushed, not bound")
        #expect(lines.contains("    and 4 more; -v lists all"))
        #expect(lines.last == "next: reg add")
        #expect(Sample.cleanStatus(isLockCommitted: true).lines(TextStyle()).last == "next: reg push")
        #expect(
            Sample.cleanStatus(isLockCommitted: false).lines(TextStyle()).last
                == "next: reg push, once reg.lock is committed")
        var style = TextStyle()
        style.isVerbose = true
        #expect(Sample.status.lines(style).contains("    changed  f\\xff"))
    }

    @Test func addIsATable() {
        #expect(
            Sample.added.lines(TextStyle()) == [
                "NAME      TYPE         SIZE  FILES       NEW    STORED  DIGEST        PATH",
                "detector  weights  86.7 MiB      1  76.3 MiB  62.9 MiB  \(digest.short)  f\\xff",
                "configs   config       10 B      2    in git            \(digest.short)  configs/",
            ])
    }

    @Test func pushSaysWhatIsBound() {
        let bound = Sample.pushed(.bound(commit: commit, set: digest, isNew: true), record: 17).lines(
            TextStyle())
        #expect(bound.first == "pushed record 17 to /mnt/registry")
        // What had to be repeated is told also without being asked.
        #expect(bound.suffix(2) == ["bound to commit ab12ab12ab12", "5 requests, 1 retry"])
        let unbound = Sample.pushed(.unbound(reason: "no commit"), record: nil).lines(TextStyle())
        #expect(unbound.first == "nothing new for /mnt/registry")
        #expect(unbound.dropLast().last == "not bound: no commit")
    }

    @Test func aDryRunDoesNotClaimToHavePulled() {
        let lines = PullAnswer(report: Sample.pulled, isDryRun: true).lines(TextStyle())
        #expect(lines.last == "dry run: would write 1 file, fetching 73.4 MiB")
    }

    @Test func aListOfRunsIsNarrow() {
        let lines = Sample.runs.lines(TextStyle())
        #expect(lines.allSatisfy { $0.count <= 110 }, "\(lines)")
        #expect(lines.first?.hasPrefix("RUN               STATE       STARTED (UTC)") == true)
        for text in [
            "succeeded   2026-11-22 17:45  ab12ab12ab12  model@v12 +1  epoch=30 +2  Ada Lovelace",
            "failed (3)  2026-11-22 17:45  ab12ab12ab12  model@v12 +1  epoch=30 +2  Ada Lovelace",
        ] { #expect(lines.contains { $0.hasSuffix(text) }, "\(lines)") }
        var style = TextStyle()
        style.isVerbose = true
        let text = Sample.runs.lines(style).joined()
        #expect(text.contains("model@v12 predictions@v3") && text.contains("val.accuracy=0.9625"))
        #expect(text.contains("2026-11-22T17:45:15Z") && text.contains("Ada Lovelace <ada@example.org>"))
    }

    @Test func whatARunReadHasVersions() {
        let lines = Sample.runDetails.lines(TextStyle())
        #expect(lines.contains("input     data@v2  \(digest.short)"))
        #expect(lines.contains("input     other    \(digest.short)"))
        #expect(lines.contains("output    model@v12       \(digest.short)"))
        #expect(lines.contains("metric    epoch         30"))
        #expect(lines.contains("metric    loss           0.314159"))
    }

    @Test func aVersionTellsWhereItIsStored() {
        let lines = Sample.shown.lines(TextStyle())
        #expect(lines.contains("stored in  1000 B of packs, which may hold other versions, too"))
        #expect(lines.contains("size       1.2 KiB in 2 files"))
    }

    @Test func aPromotionSaysWhatTheAliasIsNow() {
        #expect(
            Sample.promoted(record: 18).lines(TextStyle()).first
                == "promoted: detector@prod is now v7 (was v6), record 18")
        #expect(
            Sample.promoted(record: nil).lines(TextStyle()).first
                == "not promoted: detector@prod is still v6, not v7")
        #expect(
            Sample.promoted(record: nil, from: nil).lines(TextStyle()).first
                == "not promoted: detector@prod still names nothing")
        #expect(
            Sample.rolledBack.lines(TextStyle()) == [
                "rolled back: detector@prod is v6 again (was v7), record 19"
            ])
        let history = PromotionsAnswer(promotions: [Sample.move]).lines(TextStyle())
        #expect(history.last?.contains("v7 (was nothing)") == true)
    }

    /// A condition on the version that an alias holds is met, in the log, where there was none.
    @Test func whyTellsConditionsThatWereSkipped() {
        let lines = Sample.explained(origin: nil).lines(TextStyle())
        #expect(lines.contains { $0.hasSuffix("b > current.b: skipped, since the alias held nothing yet") })
        #expect(lines.contains { $0.hasSuffix("a > 1: not measured") })
    }

    @Test func verifyNamesProblemsAndFails() {
        let report = Sample.verified([Sample.problem])
        let lines = report.lines(TextStyle())
        #expect(lines.first == "1 problem: checked 17 records, 4 versions, 9 packs, 1.0 GiB read")
        #expect(lines.last == "    hurts detector@v4")
        #expect(report.failure.kind.exitCode == 4)
    }

    @Test func onlyConfirmationsAreQuiet() {
        #expect(Sample.added.isConfirmation)
        #expect(!Sample.status.isConfirmation)
        #expect(!Sample.verified([]).isConfirmation)
        #expect(!PullAnswer(report: Sample.pulled, isDryRun: true).isConfirmation)
    }
}
