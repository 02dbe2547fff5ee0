// SPDX-License-Identifier: Apache-2.0
internal import RegGit
internal import RegKit
internal import RegLock
internal import RegPage

extension DiffPage {
    /// The artifacts of sets.
    var artifacts: Page.Section? {
        guard report.isOfSets, !report.artifacts.isEmpty else { return nil }
        let table = PageTable(
            caption: "Artifacts that differ",
            columns: [
                ("Artifact", "name"), ("Status", "nowrap"), ("Type", ""), ("Version", "nowrap"),
                ("Files", "nowrap"), ("To fetch", "n"), ("What changed most", "value"),
            ])
        let content = table.markup(of: report.artifacts, limit: 1_000, byteLimit: 384 << 10) { artifact in
            table.row([
                .text(shortened(artifact.name)), statusMarkup(artifact.status.rawValue),
                .text(artifact.type?.rawValue ?? ""), .text(artifact.versions), .text(artifact.fileCounts),
                .text(sizeText(artifact.byteCountToFetch)), .text(shortened(artifact.gist)),
            ])
        }
        return Page.Section(id: "artifacts", title: "Artifacts", content: content)
    }

    /// The commits between two revisions.
    var commits: Page.Section? {
        guard let commits = report.commits, commits.new.count + commits.old.count > 0 else { return nil }
        var content = Markup()
        for (range, title) in [
            (commits.new, "more in \(report.new)"), (commits.old, "in \(report.old) alone"),
        ] where range.count > 0 {
            content.append(
                .element("h3", [:], "\(countText(range.count, "commit")) \(shortened(title))")
                    + self.table(of: range))
        }
        return Page.Section(id: "commits", title: "Commits", content: content)
    }

    private func table(of range: CommitRange) -> Markup {
        let table = PageTable(
            caption: "Commits",
            columns: [("Commit", "name"), ("Subject", "value"), ("Author", ""), ("Date", "nowrap")])
        let rows = table.markup(of: range.commits, limit: 100, byteLimit: 96 << 10) { commit in
            table.row([
                .text(commit.id.short), .text(shortened(commit.subject)),
                .text(shortened(commit.author, to: 60)), .text(commit.day),
            ])
        }
        let rest = range.count - UInt64(range.commits.count)
        return rows + (rest > 0 ? .element("p", ["class": "dim small"], "and \(rest) more") : Markup())
    }
}
