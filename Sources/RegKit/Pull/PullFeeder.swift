// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegJobs
internal import RegManifest

/// Fills blocks with the chunks of files, in order, and sends them on.
struct PullFeeder {
    private let pipeline: Pipeline<PullBlock>
    private var current: PullBlock?
    /// The file whose parts came, but not its row.
    private var open: PullFile?

    init(_ pipeline: Pipeline<PullBlock>) { self.pipeline = pipeline }

    mutating func feed(_ item: ManifestItem, path: BytePath, directory: Descriptor?) throws {
        guard let directory else { preconditionFailure("a directory that was to be made is not there") }
        var isFirst = open == nil
        let file = try open ?? PullFile(path: path, directory: directory, part: part(of: item, in: directory))
        open = file
        var rest = item.chunks[...]
        let isLong = PullFeeder.isLong(item)
        repeat {
            let block = try block()
            let start = block.chunks.count
            if isLong { block.align(for: file) }
            while let chunk = rest.first, !block.isFull {
                block.append(chunk, of: file)
                rest.removeFirst()
            }
            let isLast = try rest.isEmpty && end(file, with: item)
            block.append(.piece(file, start..<block.chunks.count, isFirst: isFirst, isLast: isLast))
            isFirst = false
        } while !rest.isEmpty
    }

    /// The file to go on with where `item` is the first of a long file.
    private func part(of item: ManifestItem, in directory: Descriptor) throws -> PartFile? {
        guard PullFeeder.isLong(item) else { return nil }
        return try PartFile.open(PullFile.partName(of: item.path.lastComponent), in: directory)
    }

    private static func isLong(_ item: ManifestItem) -> Bool {
        guard case .row(let row, _) = item else { return true }
        guard case .file(let size, _, _) = row.kind else { return false }
        return size >= PullFile.partThreshold
    }

    /// Takes over what the row says of its file; false for a part, which ends nothing.
    private mutating func end(_ file: PullFile, with item: ManifestItem) throws -> Bool {
        guard case .row(let row, _) = item, case .file(_, let hash, let isExecutable) = row.kind else {
            return false
        }
        file.hash = hash
        file.isExecutable = isExecutable
        open = nil
        return true
    }

    private mutating func block() throws -> PullBlock {
        if let block = current, !block.isFull { return block }
        try flush()
        let block = try pipeline.acquire()
        block.clear()
        current = block
        return block
    }

    mutating func flush() throws {
        guard let block = current else { return }
        current = nil
        pipeline.submit(block)
    }
}
