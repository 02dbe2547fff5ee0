// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegPack
internal import RegStore

/// Checks packs: that they are there with their size, and, reading their data, that every entry is what its id says.
final class PackChecker: @unchecked Sendable {  // the results are in a monitor, the rest does not change
    private struct Results {
        var failures: [PackName: RegError] = [:]
        var progress = Progress(phase: "verify")
    }

    /// What one thread needs to check one pack at a time.
    private final class Slot: @unchecked Sendable {  // one stage's at a time
        let block = PullBlock()
        var pack: PackName?
        var byteCount: UInt64 = 0
    }

    private let store: any ObjectStore
    private let copies: CopyReader
    private let jobs: Int
    private let readsData: Bool
    private let observer: ProgressObserver?
    private let results = Monitor(Results())
    /// Entries that have bases, with them: their packs do not say which.
    private let based: BasedCopies

    init(
        store: any ObjectStore, based: BasedCopies, jobs: Int, readsData: Bool, observer: ProgressObserver?
    ) {
        self.store = store
        self.based = based
        copies = CopyReader([store])
        self.jobs = jobs
        self.readsData = readsData
        self.observer = observer
    }

    var failures: [PackName: RegError] { results.with { $0.failures } }

    /// Bytes read and checked.
    var byteCount: UInt64 { results.with { $0.progress.doneByteCount } }

    /// `packs`: names, and the sizes that manifests give them.
    func check(_ packs: [(PackName, byteCount: UInt64)]) throws {
        if readsData { results.with { $0.progress.totalByteCount = packs.reduce(0) { $0 + $1.byteCount } } }
        let slots = (0..<min(jobs, 8) + 1).map { _ in Slot() }
        try Pipeline.run(slots: slots, stages: [.parallel(jobs) { try self.check($0) }]) { pipeline in
            for (name, byteCount) in packs.sorted(by: { $0.0 < $1.0 }) {
                let slot = try pipeline.acquire()
                slot.pack = name
                slot.byteCount = byteCount
                pipeline.submit(slot)
            }
        }
    }

    private func check(_ slot: Slot) throws {
        guard let name = slot.pack else { return }
        do {
            try checkSize(name, slot.byteCount)
            if readsData { try checkData(name, slot.block) }
        } catch {
            let failure = RegError.explaining(error)
            // What is not the pack's fault ends the check.
            guard [.corrupt, .notFound, .refused, .incapable].contains(failure.kind) else { throw failure }
            results.with { $0.failures[name] = failure }
        }
    }

    private func checkSize(_ name: PackName, _ expected: UInt64) throws {
        guard let size = try store.size(of: .pack(name)) else {
            throw RegError(.notFound, "pack \(name.hex) is missing")
        }
        guard size == expected else {
            throw RegError(.corrupt, "pack \(name.hex) is \(size) bytes long, its manifests say \(expected)")
        }
    }

    private func checkData(_ name: PackName, _ block: PullBlock) throws {
        let index = try PackIndex.read(name, from: store)
        var rest = index.entries[...]
        while !rest.isEmpty {
            block.clear()
            var entries: [PackEntry] = []
            while let entry = rest.first, !block.isFull {
                rest.removeFirst()
                // What no version names cannot be decoded, and nobody misses it.
                guard let copy = entry.isBased ? based[entry.copy] : entry.copy else { continue }
                block.append(
                    ChunkRow(id: entry.id, rawLength: entry.rawLength, copy: copy),
                    isPage: entry.kind == .page)
                entries.append(entry)
            }
            try block.read(copies)
            if !block.isVerified {
                for (chunk, entry) in zip(block.chunks, entries) { try check(entry, block.id(of: chunk)) }
            }
            report(entries.reduce(0) { $0 + UInt64($1.copy.storedLength) })
        }
    }

    private func check(_ entry: PackEntry, _ found: Digest) throws {
        guard found == entry.id else {
            throw RegError(
                .corrupt,
                "pack \(entry.copy.pack.hex), entry at byte \(entry.copy.offset): hash is \(found.short)…, index says \(entry.id.short)…"
            )
        }
    }

    private func report(_ byteCount: UInt64) {
        let progress = results.with { results in
            results.progress.doneByteCount += byteCount
            return results.progress
        }
        observer?(progress)
    }
}

/// Copies that have bases, found by where they lie.
struct BasedCopies: Sendable {
    private struct Place: Hashable {
        let pack: PackName
        let offset: UInt64
    }

    private var copies: [Place: Copy] = [:]

    /// Keeps a copy, and those among its bases that have bases themselves.
    mutating func keep(_ copy: Copy) {
        for copy in copy.chain where copy.base != nil {
            copies[Place(pack: copy.pack, offset: copy.offset)] = copy
        }
    }

    /// The one that lies where `copy` does, if it is as long and coded alike.
    subscript(copy: Copy) -> Copy? {
        let found = copies[Place(pack: copy.pack, offset: copy.offset)]
        return found?.liesLike(copy) == true ? found : nil
    }
}

extension Copy {
    /// Whether both are the same entry of a pack, whatever their bases.
    func liesLike(_ other: Copy) -> Bool {
        pack == other.pack && offset == other.offset && storedLength == other.storedLength
            && codec == other.codec
    }
}
