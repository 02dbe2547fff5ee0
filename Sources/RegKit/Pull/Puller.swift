// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegJobs
internal import RegLock
internal import RegManifest
internal import RegPack
internal import RegStore

/// Carries out plans: reads, decodes, checks and writes files.
///
/// Reading, decoding and writing run on parallel threads, each piece at its own place; the hashes of long files on one
/// thread, their ends on another (``Pipeline``). No file gets its name before its bytes have the hash that names them.
// Unchecked: what threads share is in the monitors, the rest belongs to one stage each.
final class Puller: @unchecked Sendable {
    private let library: ManifestLibrary
    private let tree: WorkingTree
    private let observer: ProgressObserver?
    private let progress: Monitor<Progress>
    private let pulled: PulledFiles
    /// Whether nobody looks at the tree before all of it is finished.
    private let isUnseen: Bool
    private let blocks: [PullBlock]
    private let mask = fileModeMask()
    private let readerCount: Int
    /// Those that the plan at hand goes through; the feeding thread's.
    private var directories: Set<BytePath> = []
    private var lastDirectory: BytePath?
    /// Plans that are carried out and leave nothing of their version out.
    private var whole: [PullPlan] = []

    init(library: ManifestLibrary, tree: WorkingTree, isUnseen: Bool, session: Session, total: UInt64) {
        self.library = library
        self.tree = tree
        self.isUnseen = isUnseen
        let isRemote = library.registry?.traffic != nil
        readerCount = isRemote ? max(session.jobs, session.connectionCount) : session.jobs + 1
        observer = session.options.progress
        progress = Monitor(Progress(phase: "pull", totalByteCount: total))
        pulled = PulledFiles(tree)
        // Each keeps two directories open at least, and two files beside them.
        let count = max(2, min(readerCount + 4, 20, spareDescriptorCount() / 4))
        let target = isRemote ? PullBlock.remoteTarget(sharedBy: count) : PullBlock.usualTarget
        blocks = (0..<count).map { _ in
            PullBlock(target: target, directoryLimit: openDirectoryLimit(sharedBy: 2 * count))
        }
    }

    /// What was cut off before may be again: then less is on its way at one time.
    private func readers(for plan: PullPlan) -> Int {
        plan.byteCountUnfinished > 0 ? (readerCount + 2) / 3 : readerCount
    }

    func carryOut(_ plan: PullPlan) throws {
        let copies = library.copies
        if let place = plan.target.version.place {
            try tree.catalog.setOwnTree(nil, at: place.path, worktree: tree.worktree)
            // Before the first file is written: what is not there then is absent, not deleted.
            try tree.checkouts.set(plan.checkout, at: place.path)
        }
        if !plan.obstacles.isEmpty { try makeRoom(for: plan) }
        pulled.add(read: plan.learned)
        do {
            try Pipeline.run(
                slots: blocks,
                stages: [
                    .parallel(readers(for: plan)) { block in
                        var writing = BlockWriting()
                        try block.read(copies) { try self.write(block, &writing) }
                        try self.pulled.add(written: writing.known, byteCount: writing.wholeByteCount)
                    },
                    .ordered { $0.hashLongFiles() },
                    .ordered { try self.endLongFiles(of: $0) },
                ]
            ) { try feed(plan, to: $0) }
        } catch let failure as WrongHash {
            // A file that is not finished stays for the next run, but for one that is wrong in its place.
            if !library.copies.isNetworked || library.isSecondAttempt { try failure.file.pieces().discard() }
            throw try explanation(of: failure, in: plan)
        }
        try removeWhatIsGone(of: plan)
        if plan.isWhole { whole.append(plan) }
    }

    /// Makes all that was pulled durable, and remembers it.
    func finish() throws {
        try pulled.finish()
        for plan in whole {
            guard let place = plan.target.version.place else { continue }
            try tree.catalog.setOwnTree(plan.manifest.tree, at: place.path, worktree: tree.worktree)
        }
    }

    // MARK: Feeding

    private func feed(_ plan: PullPlan, to pipeline: Pipeline<PullBlock>) throws {
        var feeder = PullFeeder(pipeline)
        var parents = ParentCache(root: tree.root)
        // Also for a tree without rows.
        if plan.target.isDirectory { _ = try tree.root.makeDirectoriesBeneath(plan.target.base) }
        var links: [(BytePath, target: BytePath)] = []
        var rowNumber = 0
        try library.forEachItem(of: plan.manifest, subject: plan.target.version.subject) { item in
            let decision = rowNumber < plan.decisions.count ? plan.decisions[rowNumber] : .write
            if case .row = item { rowNumber += 1 }
            let path = plan.target.base.appending(item.path)
            visit(path.parent)
            switch decision {
            case .keep, .leave: return
            case .adopt:
                guard case .row(let row, _) = item else { return }
                if case .file = row.kind { return try pulled.add(adopted: path, Content(row)) }
                return try pulled.add(made: path, Content(row))
            case .write: break
            }
            switch item {
            case .part:
                try feeder.feed(item, path: path, directory: try parents.directory(of: path, making: true))
            case .row(let row, _):
                switch row.kind {
                case .file:
                    try feeder.feed(
                        item, path: path, directory: try parents.directory(of: path, making: true))
                case .emptyDirectory:
                    _ = try tree.root.makeDirectoriesBeneath(path)
                    try pulled.add(made: path, .emptyDirectory)
                case .symlink(let target): links.append((path, target))
                }
            }
        }
        try feeder.flush()
        for (path, target) in links {
            guard let directory = try parents.directory(of: path, making: true) else { continue }
            try directory.remove(path.lastComponent)
            try directory.makeLink(path.lastComponent, to: target)
            try pulled.add(made: path, .symlink(to: target))
        }
    }

    /// Notes a directory that a plan goes through.
    private func visit(_ directory: BytePath) {
        if directory == lastDirectory { return }
        lastDirectory = directory
        directories.insert(directory)
    }

    /// Removes what killed pulls have left unfinished, now that all of this one is finished.
    private func removeAbandonedFiles() throws {
        for path in directories {
            let directory: Descriptor
            do {
                directory = path.isEmpty ? tree.root : try tree.root.openBeneath(path, .directory)
            } catch {
                guard error.isNotFound else { throw error }
                continue
            }
            try directory.removeAbandonedFiles()
        }
        directories = []
        lastDirectory = nil
    }

    // MARK: Writing

    private func mode(of file: PullFile) -> UInt32 { (file.isExecutable ? 0o777 : 0o666) & ~mask }

    /// How far the files of a block are written.
    private struct BlockWriting {
        var step = 0
        /// Of the block: the first chunk of a long file that is not written.
        var chunk = 0
        var known: [KnownFile] = []
        var wholeByteCount = 0
    }

    /// Writes what is ready of a block and not written yet: small files whole, long ones piece by piece.
    private func write(_ block: PullBlock, _ writing: inout BlockWriting) throws {
        while writing.step < block.steps.count {
            guard case .piece(let file, let range, let isFirst, let isLast) = block.steps[writing.step] else {
                return
            }
            let isComplete = range.upperBound <= block.readyCount
            if isFirst && isLast {
                guard isComplete else { return }
                try writeWhole(file, block, range, &writing)
            } else {
                let start = max(writing.chunk, range.lowerBound)
                let ready = start..<max(start, min(range.upperBound, block.readyCount))
                // Few large writes rather than many small ones.
                guard isComplete || block.bytes(of: ready).count >= PullBlock.writeSize else { return }
                try write(ready, of: range, in: block, to: file)
                writing.chunk = ready.upperBound
                guard isComplete else { return }
            }
            writing.step += 1
        }
    }

    private func writeWhole(
        _ file: PullFile, _ block: PullBlock, _ range: Range<Int>, _ writing: inout BlockWriting
    ) throws {
        guard block.hash(ofFile: range) == file.hash else { throw WrongHash(file: file) }
        let bytes = block.bytes(of: range)
        let store = isUnseen ? makeFile : replaceFile
        let status = try store(bytes, file.path.lastComponent, file.directory, mode(of: file))
        writing.known.append(KnownFile(path: file.path, KnownEntry(file.content, status: status)))
        writing.wholeByteCount += bytes.count
        report(bytes.count)
    }

    /// Writes chunks of a piece of a long file to their place, but for those that an earlier run has written.
    private func write(
        _ chunks: Range<Int>, of piece: Range<Int>, in block: PullBlock, to file: PullFile
    ) throws {
        var rest = chunks
        while let first = rest.first {
            let isInPart = block.chunks[first].isInPart
            let same = rest.prefix { block.chunks[$0].isInPart == isInPart }
            let run = first..<first + same.count
            if !isInPart {
                let (bytes, offset) = block.directBytes(of: run, in: piece)
                try file.pieces().write(bytes, at: offset)
            }
            report(block.bytes(of: run).count)
            rest = run.upperBound..<rest.upperBound
        }
    }

    /// Gives their names to the long files that end in a block.
    private func endLongFiles(of block: PullBlock) throws {
        for case .piece(let file, _, let isFirst, isLast: true) in block.steps where !isFirst {
            guard file.found == file.hash else { throw WrongHash(file: file) }
            let pieces = try file.pieces()
            try pieces.complete(size: file.fedByteCount, mode: mode(of: file))
            try pieces.publish(as: file.path.lastComponent)
            let known = KnownEntry(file.content, status: try pieces.status())
            try pulled.add(
                written: [KnownFile(path: file.path, known)], byteCount: Int(clamping: file.fedByteCount))
        }
    }

    private func report(_ byteCount: Int) {
        guard let observer else { return }
        observer(
            progress.with { progress in
                progress.doneByteCount += UInt64(byteCount)
                return progress
            })
    }

    /// Removes what the version does not have before it is written: something of it is in the way.
    private func makeRoom(for plan: PullPlan) throws {
        try remove(plan.removals)
        try removeEmptyDirectories(of: plan)
        for path in plan.obstacles { try removeEmptyDirectories(path) }
    }

    private func removeEmptyDirectories(_ path: BytePath) throws {
        guard try tree.root.status(ofPath: path)?.kind == .directory else { return }
        for entry in try tree.root.openBeneath(path, .directory).entries() {
            try removeEmptyDirectories(path.appending(entry.name))
        }
        let parent = path.parent.isEmpty ? tree.root : try tree.root.openBeneath(path.parent, .directory)
        _ = parent.removeEmptyDirectory(path.lastComponent)
    }

    private func remove(_ paths: [BytePath]) throws {
        var parents = ParentCache(root: tree.root)
        for path in paths {
            guard let directory = try parents.directory(of: path, making: false) else { continue }
            try directory.remove(path.lastComponent)
        }
    }

    /// Removes what the version does not have, and what earlier runs have left unfinished.
    private func removeWhatIsGone(of plan: PullPlan) throws {
        if plan.obstacles.isEmpty { try remove(plan.removals) }
        for path in plan.removals { visit(path.parent) }
        try removeAbandonedFiles()
        if plan.obstacles.isEmpty { try removeEmptyDirectories(of: plan) }
        try pulled.add(gone: plan.removals + plan.emptied + plan.disowned)
    }

    /// Removes directories that the removals have left empty, up to the artifact.
    private func removeEmptyDirectories(of plan: PullPlan) throws {
        let base = plan.target.base
        for path in Set(plan.removals.map(\.parent) + plan.emptied).sorted(by: >) {
            var current = path
            while current != base, current.isWithin(base), !current.isEmpty {
                let parent = current.parent
                let directory = parent.isEmpty ? tree.root : try tree.root.openBeneath(parent, .directory)
                guard directory.removeEmptyDirectory(current.lastComponent) else { break }
                current = parent
            }
        }
    }

    // MARK: Failures

    /// A file whose bytes do not have the hash that its row says.
    private struct WrongHash: Error {
        let file: PullFile
    }

    /// Which chunk of the file is to blame, and where it lies.
    private func explanation(of failure: WrongHash, in plan: PullPlan) throws -> RegError {
        var offset: UInt64 = 0
        var place = "its chunks are whole, so the manifest is wrong"
        let block = PullBlock()
        try library.forEachItem(of: plan.manifest, subject: plan.target.version.subject) { item in
            guard plan.target.base.appending(item.path) == failure.file.path else { return }
            for chunk in item.chunks {
                if try !block.isSound(chunk, copies: library.copies), place.hasPrefix("its") {
                    let pack = chunk.copy.pack.hex
                    place =
                        "the chunk at its byte \(offset), in pack \(pack) at byte \(chunk.copy.offset), is damaged"
                }
                offset += UInt64(chunk.rawLength)
            }
        }
        return RegError(
            .corrupt,
            "\(plan.target.version.subject): \(printable(failure.file.path)) does not have its hash: \(place)",
            hint: "nothing of it was written; see what else it hurts: reg verify --data")
    }
}
