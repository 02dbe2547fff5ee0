// SPDX-License-Identifier: Apache-2.0

/// Counts changes, and keeps the first few of each kind.
final class ChangeRecorder {
    /// Of a kind and a status.
    static let exampleLimit = 100

    private(set) var difference: AnnotationDifference
    private var classes: [String: (old: UInt64, new: UInt64)] = [:]

    init(_ format: AnnotationFormat, _ subjects: [AnnotationChange.Subject], key: [String] = []) {
        difference = AnnotationDifference(format)
        difference.totals = subjects.map { AnnotationDifference.Total($0) }
        difference.key = key
    }

    /// How many of a kind both sides have.
    func count(_ subject: AnnotationChange.Subject, old: Int, new: Int) {
        update(subject) {
            $0.old += UInt64(old)
            $0.new += UInt64(new)
        }
    }

    /// How many of a class both sides have.
    func count(class name: String, old: Int, new: Int) {
        classes[name, default: (0, 0)].old += UInt64(old)
        classes[name, default: (0, 0)].new += UInt64(new)
    }

    /// Counts a change; `change` is made only where it is kept.
    func add(
        _ subject: AnnotationChange.Subject, _ status: AnnotationChange.Status,
        _ change: () -> AnnotationChange
    ) {
        var count: UInt64 = 0
        update(subject) {
            $0[status] += 1
            count = $0[status]
        }
        if count <= ChangeRecorder.exampleLimit { difference.examples.append(change()) }
    }

    private func update(
        _ subject: AnnotationChange.Subject, _ body: (inout AnnotationDifference.Total) -> Void
    ) {
        for place in difference.totals.indices where difference.totals[place].subject == subject {
            body(&difference.totals[place])
        }
    }

    /// What was found, once all was recorded.
    func finish() -> AnnotationDifference {
        difference.classes = classes.map { ClassCount(name: $0.key, old: $0.value.old, new: $0.value.new) }
            .sorted { ($1.new, $1.old, $0.name) < ($0.new, $0.old, $1.name) }
        return difference
    }
}
