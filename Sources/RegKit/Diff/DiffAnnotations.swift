// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegJobs
internal import RegManifest
internal import RegTensor

/// Compares annotations that differ, record by record.
struct AnnotationComparison {
    private let fetcher: ChunkFetcher
    /// Columns that records of tables are matched by; empty to look for them.
    private let key: [String]
    private(set) var annotations: [DiffReport.Annotations] = []
    private var failures = ContentFailures()
    private var remarks: [String] = []
    /// COCO annotations of splits, so far those that differ.
    private var splits: [Split] = []

    private struct Split {
        let artifact: String
        let file: BytePath
        let old: ImageNames
        let new: ImageNames
        /// In ``annotations``; nil where nothing differs.
        let place: Int?
    }

    init(_ request: DiffRequest, library: ManifestLibrary, session: Session) {
        fetcher = ChunkFetcher(library.copies, session: session)
        key = request.key
    }

    var notes: [String] { failures.notes + remarks }

    /// The format of a file of annotations, by its name; JSON may as well be something else.
    static func format(_ path: BytePath) -> AnnotationFormat? {
        switch path.suffix {
        case "json": .coco
        case "csv", "tsv": .csv
        case "jsonl", "ndjson": .jsonLines
        default: nil
        }
    }

    /// Compares two files where both are annotations; whether they are, sound or not.
    mutating func compare(_ pair: DiffFilePair) throws -> Bool {
        guard let format = AnnotationComparison.format(pair.path),
            AnnotationComparison.format(pair.old.row.row.path) == format,
            let old = try pair.old.stream(fetcher), let new = try pair.new.stream(fetcher)
        else { return false }
        do {
            guard let difference = try difference(old, new, format, pair) else { return false }
            annotations.append(
                DiffReport.Annotations(artifact: pair.artifact, file: pair.path, difference: difference))
        } catch let error as ContentError {
            failures.add(pair.new.subject, format.rawValue, error.reason)
        }
        return true
    }

    private mutating func difference(
        _ old: ByteStream, _ new: ByteStream, _ format: AnnotationFormat, _ pair: DiffFilePair
    ) throws -> AnnotationDifference? {
        guard format == .coco else {
            let found = try TableDifference.between(old, new, format, key: key)
            if !found.isByWantedKey {
                remarks.append(
                    "\(pair.new.subject): no two records may be alike in \(printable(key.joined(separator: ", "))): whole records are compared"
                )
            }
            return found.difference
        }
        let found = try COCODifference.between(old, new)
        guard let found else { return nil }
        remark(crowdedImageCount: found.crowdedImageCount, pair.new.subject)
        if AnnotationComparison.split(of: pair.path) != nil {
            splits.append(
                Split(
                    artifact: pair.artifact, file: pair.path, old: found.oldImages, new: found.newImages,
                    place: annotations.count))
        }
        return found.difference
    }

    private mutating func remark(crowdedImageCount count: Int, _ subject: String) {
        if count == 0 { return }
        let images = count == 1 ? "1 image has" : "\(count) images have"
        remarks.append("\(subject): \(images) too many boxes to match them by overlap")
    }

    // MARK: Splits

    /// The split that COCO annotations are of, by their name: `instances_val2017.json`.
    static func split(of path: BytePath) -> String? {
        guard format(path) == .coco else { return nil }
        return path.stem.split { !$0.isLetter && !$0.isNumber }.map(String.init).first(
            where: DatasetTally.isSplit)
    }

    /// Looks for images that annotations of two splits have; `unchanged` are those that are the same on both sides.
    mutating func compareSplits(_ unchanged: [DiffFilePair]) throws {
        for pair in unchanged where splits.contains(where: { $0.artifact == pair.artifact }) {
            guard let stream = try pair.new.stream(fetcher) else { continue }
            do {
                guard let names = try ImageNames.read(stream) else { continue }
                splits.append(
                    Split(artifact: pair.artifact, file: pair.path, old: names, new: names, place: nil))
            } catch let error as ContentError {
                failures.add(pair.new.subject, AnnotationFormat.coco.rawValue, error.reason)
            }
        }
        for (number, split) in splits.enumerated() {
            guard let place = split.place else { continue }
            for (other, twin) in splits.enumerated() {
                // Of two that differ, the first tells it.
                guard twin.artifact == split.artifact, twin.place == nil || other > number,
                    AnnotationComparison.split(of: twin.file) != AnnotationComparison.split(of: split.file)
                else { continue }
                let (before, after) = (split.old.shared(with: twin.old), split.new.shared(with: twin.new))
                guard before.count + after.count > 0 else { continue }
                annotations[place].sharedImages.append(
                    DiffReport.SharedImages(
                        file: twin.file, old: before.count, new: after.count, examples: after.examples))
            }
        }
    }

    // MARK: Label files

    /// Files that are read together: many small ones in few requests.
    private static let batchCount = 256
    private static let batchByteCount: UInt64 = 8 << 20
    /// Directories that are told apart.
    private static let directoryLimit = 100

    private struct Directory: Hashable {
        let artifact: String
        let path: BytePath
        let format: AnnotationFormat
    }

    /// Compares label files, all of a directory together.
    mutating func compare(labels: [DiffFileChange]) throws {
        var found: [Directory: LabelDifference] = [:]
        var order: [Directory] = []
        var rest = labels[...]
        while !rest.isEmpty {
            var byteCount: UInt64 = 0
            let batch = rest.prefix(AnnotationComparison.batchCount).prefix { change in
                byteCount = saturatingSum(byteCount, change.byteCount)
                return byteCount <= AnnotationComparison.batchByteCount || change.byteCount == byteCount
            }
            rest = rest.dropFirst(batch.count)
            let olds = try read(batch.map(\.old))
            let news = try read(batch.map(\.new))
            for (change, (old, new)) in zip(batch, zip(olds, news)) {
                guard let format = AnnotationComparison.labelFormat(change.path) else { continue }
                let (before, after): (LabelFile?, LabelFile?)
                do {
                    before = try old.map { bytes throws(ContentError) in try LabelFile.read(bytes, format) }
                    after = try new.map { bytes throws(ContentError) in try LabelFile.read(bytes, format) }
                } catch {
                    failures.add(change.subject, format.rawValue, error.reason)
                    continue
                }
                var directory = Directory(artifact: change.artifact, path: change.path.parent, format: format)
                if found[directory] == nil, found.count >= AnnotationComparison.directoryLimit {
                    directory = Directory(artifact: change.artifact, path: BytePath([]), format: format)
                }
                if found[directory] == nil { order.append(directory) }
                found[directory, default: LabelDifference(format)].add(
                    image: change.path.stem, old: before, new: after)
            }
        }
        for directory in order {
            guard let labels = found[directory], labels.difference.changeCount > 0 else { continue }
            remark(crowdedImageCount: labels.crowdedImageCount, printable(directory.path))
            annotations.append(
                DiffReport.Annotations(
                    artifact: directory.artifact, file: directory.path, difference: labels.difference))
        }
    }

    /// The format of a label file, by its name.
    static func labelFormat(_ path: BytePath) -> AnnotationFormat? {
        switch path.suffix {
        case "xml": .voc
        case "txt": .yolo
        default: nil
        }
    }

    /// Reads small files whole, those that are stored together; nil for those that are not there.
    private func read(_ files: [DiffFile?]) throws -> [[UInt8]?] {
        var contents: [[UInt8]?] = []
        var stored: [(number: Int, row: ChunkRow)] = []
        for file in files {
            guard let file, let bytes = try file.open() else {
                contents.append(nil)
                continue
            }
            if case .stored(let chunks) = bytes {
                stored += chunks.rows.map { (contents.count, $0) }
                contents.append([])
            } else {
                let parts = try bytes.file(fetcher, subject: file.subject).read([0..<file.row.row.byteCount])
                contents.append(parts.first)
            }
        }
        let parts = Monitor<[Int: [UInt8]]>([:])
        try fetcher.fetch(
            stored.enumerated().lazy.map { (number: $0.offset, row: $0.element.row) },
            of: files.lazy.compactMap { $0?.side.subject }.first ?? ""
        ) { place, bytes in
            let copy = Array(bytes)
            parts.with { $0[place] = copy }
        }
        let found = parts.with { $0 }
        for (place, chunk) in stored.enumerated() { contents[chunk.number]? += found[place] ?? [] }
        return contents
    }
}
