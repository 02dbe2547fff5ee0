// SPDX-License-Identifier: Apache-2.0

/// How annotations are written.
package enum AnnotationFormat: String, CaseIterable, Sendable {
    case coco = "COCO"
    case csv = "CSV"
    case jsonLines = "JSON lines"
    case yolo = "YOLO"
    case voc = "Pascal VOC"
}

/// What became of one thing that annotations tell of.
package struct AnnotationChange: Equatable, Sendable {
    /// What there is in annotations.
    package enum Subject: String, CaseIterable, Sendable {
        case image, category, box
        /// A line of a table.
        case record
    }

    package enum Status: String, CaseIterable, Sendable {
        case added, removed
        /// A box of the same class at another place of its image, or of another size.
        case moved
        /// A box of another class, wherever it is.
        case relabelled
        /// Something else of it differs.
        case changed
    }

    /// A rectangle of an image and its class.
    package struct Box: Equatable, Sendable {
        package let label: String
        /// Its left upper corner and its size, in the units of the file.
        package let x: Double
        package let y: Double
        package let width: Double
        package let height: Double

        package init(label: String, x: Double, y: Double, width: Double, height: Double) {
            self.label = label
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// A field of a record, an image or a category that differs, each value as text.
    package struct Field: Equatable, Sendable {
        package let name: String
        /// Nil where the older one lacks it.
        package let old: String?
        package let new: String?

        package init(name: String, old: String?, new: String?) {
            self.name = name
            self.old = old
            self.new = new
        }
    }

    package let subject: Subject
    package let status: Status
    /// What it is found by: the id of a box, the key of a record, the name of an image or of a category.
    package let name: String
    /// The name of the image that a box is in.
    package var image: String?
    /// Nil for what is no box, and for one that was added.
    package var old: Box?
    package var new: Box?
    /// Intersection over union of both boxes.
    package var overlap: Double?
    /// What differs of what is no box.
    package var fields: [Field] = []

    package init(_ subject: Subject, _ status: Status, name: String) {
        self.subject = subject
        self.status = status
        self.name = name
    }
}

/// How many things a class has on each side.
package struct ClassCount: Equatable, Sendable {
    package let name: String
    package let old: UInt64
    package let new: UInt64

    package init(name: String, old: UInt64, new: UInt64) {
        self.name = name
        self.old = old
        self.new = new
    }
}

/// What differs between the annotations of two files, or of two directories of files.
package struct AnnotationDifference: Sendable {
    /// What was changed of one kind of thing, exactly.
    package struct Total: Equatable, Sendable {
        package let subject: AnnotationChange.Subject
        /// How many each side has.
        package var old: UInt64 = 0
        package var new: UInt64 = 0
        package var added: UInt64 = 0
        package var removed: UInt64 = 0
        package var moved: UInt64 = 0
        package var relabelled: UInt64 = 0
        package var changed: UInt64 = 0

        package init(_ subject: AnnotationChange.Subject) { self.subject = subject }

        /// How many have a status.
        package subscript(_ status: AnnotationChange.Status) -> UInt64 {
            get {
                switch status {
                case .added: added
                case .removed: removed
                case .moved: moved
                case .relabelled: relabelled
                case .changed: changed
                }
            }
            set {
                switch status {
                case .added: added = newValue
                case .removed: removed = newValue
                case .moved: moved = newValue
                case .relabelled: relabelled = newValue
                case .changed: changed = newValue
                }
            }
        }

        package var changeCount: UInt64 { added + removed + moved + relabelled + changed }
    }

    /// The most examples of a difference.
    package static let exampleLimit = 1_000

    package let format: AnnotationFormat
    /// Columns that records were matched by; empty for boxes.
    package internal(set) var key: [String] = []
    /// One of each kind of thing that the format has.
    package internal(set) var totals: [Total] = []
    /// The first ones of each kind, in the order of the file.
    package internal(set) var examples: [AnnotationChange] = []
    /// All classes of both sides, those with most on the newer side first.
    package internal(set) var classes: [ClassCount] = []

    init(_ format: AnnotationFormat) { self.format = format }

    package var changeCount: UInt64 { totals.reduce(0) { $0 + $1.changeCount } }
}
