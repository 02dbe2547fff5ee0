// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegJobs
internal import RegLog
internal import RegPack
internal import RegS3
internal import RegStore

/// One registry: its objects, its log, and the log folded into a catalog.
final class Registry {
    let objects: RegistryObjects
    let info: RegistryInfo
    private var log: Log
    private let catalog: Catalog
    private let acceptsRollback: Bool
    /// Where the log was found to end.
    private var end: Tail?
    private var isCaughtUp = false
    /// Packs that this run has sent.
    private var sent: Set<PackName> = []

    private init(
        _ objects: RegistryObjects, info: RegistryInfo, catalog: Catalog, acceptsRollback: Bool
    ) {
        self.objects = objects
        self.info = info
        self.catalog = catalog
        self.acceptsRollback = acceptsRollback
        log = Log(store: objects.store)
    }

    var location: RegistryLocation { objects.location }
    var store: CountingStore { objects.store }

    /// The registry in `objects`; nil where there is none.
    static func open(_ objects: RegistryObjects, catalog: Catalog, acceptsRollback: Bool) throws -> Registry?
    {
        guard let info = try RegistryInfo.read(from: objects.store) else { return nil }
        return Registry(objects, info: info, catalog: catalog, acceptsRollback: acceptsRollback)
    }

    /// The registry in `objects`, made if there is none.
    ///
    /// - Throws: `notFound` where this clone has seen another there, `incapable` where the server would let one
    ///   writer replace what another wrote.
    static func make(_ objects: RegistryObjects, catalog: Catalog, acceptsRollback: Bool) throws -> Registry {
        if let info = try RegistryInfo.read(from: objects.store) {
            try objects.store.checkCreatesOnly(.registry, info.stored)
            return Registry(objects, info: info, catalog: catalog, acceptsRollback: acceptsRollback)
        }
        if !acceptsRollback, try catalog.registry(at: objects.location.text) != nil {
            throw RegError(
                .notFound, "there is no registry in \(objects.location.text) any more",
                hint: "is it mounted? to begin a new one there, give --accept-rollback")
        }
        try checkCreatesOnly(objects)
        let info = try RegistryInfo.create(in: objects.store, time: timestampNow())
        return Registry(objects, info: info, catalog: catalog, acceptsRollback: acceptsRollback)
    }

    /// Tries on an object of its own whether a server creates only what is not there, before a registry is made on it;
    /// not where this machine is the only one that writes.
    private static func checkCreatesOnly(_ objects: RegistryObjects) throws {
        guard let bucket = objects.bucket, !bucket.isSingleWriter else { return }
        let key = ObjectKey.probe(.random())
        let bytes = Array("{\"reg_probe\":1,\"checks\":[]}\n".utf8)
        _ = try objects.store.create(key, bytes)
        try objects.store.checkCreatesOnly(key, bytes)
    }

    /// Folds the records that came since the last time, where this run has not done so already: for readers.
    func catchUpOnce() throws { if !isCaughtUp { try catchUp() } }

    /// Records that a clone may be behind before it asks for checkpoints.
    private static let shortRunLength = 4

    /// Folds the records that came since the last time; the tail that the catalog then has.
    @discardableResult
    func catchUp() throws -> Tail {
        var tail = try checkedTail()
        var isAtEnd = try tail.number > 0 && foldRun(after: &tail, limit: Registry.shortRunLength)
        while try !isAtEnd && foldCheckpoints(after: &tail) {}
        while !isAtEnd { isAtEnd = try foldRun(after: &tail, limit: Log.runLength) }
        isCaughtUp = true
        try catalog.note(registry: info.id, at: location.text)
        return tail
    }

    /// Folds at most `limit` records.
    ///
    /// - Returns: whether the log ends with them.
    private func foldRun(after tail: inout Tail, limit: Int) throws -> Bool {
        let run = log.run(after: tail, limit: limit)
        try catalog.fold(run.entries, of: info.id)
        if let failure = run.failure { throw failure }
        tail = run.entries.last?.tail ?? tail
        if run.hasNothingAfter { end = tail }
        return run.isAtEnd
    }

    /// Folds records that checkpoints hold, in one transaction: they are the log's own only if all are.
    ///
    /// - Returns: whether there are more.
    private func foldCheckpoints(after tail: inout Tail) throws -> Bool {
        var useless: Set<CheckpointName> = []
        while let stretch = checkpoints.stretch(after: tail, passingOver: useless) {
            do {
                var last = tail
                try catalog.foldTogether(of: info.id) { fold in
                    last = try stretch.forEachRun(fold)
                }
                tail = last
                return last == stretch.end && !stretch.isLast
            } catch is CheckpointError { useless.insert(stretch.newest) }
        }
        return false
    }

    var checkpoints: Checkpoints { Checkpoints(store: store, log: log) }

    /// How far the catalog is, once it is sure that the registry still has what this clone saw of it.
    private func checkedTail() throws -> Tail {
        if let seen = try catalog.newestSeen(of: info.id), try !log.has(seen) {
            guard acceptsRollback else {
                try checkThere()
                throw RegError(
                    .trust,
                    "\(location.text) lacks record \(seen.number), which this clone has seen, or has another",
                    hint: "it was rolled back or replaced; if that is right, give --accept-rollback")
            }
            try catalog.forgetSeen(of: info.id)
            try catalog.forgetPresent(in: info.id)
            try catalog.restartFold(of: info.id, genesis: info.hash)
        }
        if let tail = try catalog.tail(of: info.id) { return tail }
        try catalog.restartFold(of: info.id, genesis: info.hash)
        return Tail(number: 0, hash: info.hash)
    }

    /// - Throws: where it has gone as a whole since, such as a disk that is not mounted any more.
    func checkThere() throws {
        guard try RegistryInfo.read(from: store) != nil else { throw RegError.noRegistry(location) }
    }

    /// Folds what is new and makes sure that the log ends there: before anything is written.
    func catchUpToWrite() throws { try checkNoGap(after: try catchUp()) }

    private func checkNoGap(after tail: Tail) throws {
        if end == tail { return }
        try log.checkNoGap(after: tail.number)
        end = tail
    }

    /// Takes notice of packs that this run has sent.
    func note(sent packs: some Sequence<PackName>) { sent.formUnion(packs) }

    /// Makes sure that packs are here, bringing those that are not from a clone's store or the spool, several at a time.
    ///
    /// - Returns: those that had to be brought.
    @discardableResult
    func bring(
        _ packs: [PackName], from clone: DirectoryStore?, subject: String, _ progress: UploadProgress
    ) throws -> Set<PackName> {
        let places = [clone, objects.spool].compactMap { $0 }
        let missing = try packs.compactMap { pack -> (PackName, BytePath)? in
            if try sent.contains(pack) || location.isRemote && catalog.isPresent(pack, in: info.id) {
                return nil
            }
            let path = try places.map { $0.path(of: .pack(pack)) }.first { try fileStatus($0) != nil }
            // A server is asked only for what is not at hand: to send it what it has does no harm.
            if try !(location.isRemote && path != nil) && store.size(of: .pack(pack)) != nil { return nil }
            if let path { progress.expect(try fileStatus(path)?.size ?? 0) }
            guard let path else {
                throw RegError(
                    .notFound, "pack \(pack.hex) of \(subject) is missing here and in \(location.text)",
                    hint: "add the files again: reg add PATH")
            }
            return (pack, path)
        }
        try concurrently(missing, threads: store.writesAtOnce) { [objects, catalog, info] pack, path in
            try objects.store.create(.pack(pack), fromFileAt: path)
            // At once, so that a run that is killed leaves nothing to be sent again.
            if objects.location.isRemote { try catalog.keepPresent([pack], in: info.id) }
        }
        note(sent: missing.map(\.0))
        return Set(missing.map(\.0))
    }

    /// Keeps that packs are here, which a version of the log names.
    func keepPresent(_ packs: [PackName]) throws {
        if location.isRemote { try catalog.keepPresent(packs, in: info.id) }
    }

    /// What a record is to say, apart from what its place in the log decides.
    struct Draft {
        let project: RandomName?
        let author: String
        let operations: [Operation]
    }

    /// Appends one record, as often as others take its place.
    ///
    /// `prepare`: called with the log folded to its end; gives what to write, nil for nothing. It throws
    ///   where a precondition no longer holds.
    /// Gives the record's number; nil when there was nothing to write.
    func append(journal: Journal?, _ prepare: () throws -> Draft?) throws -> UInt64? {
        for losses in 0... {
            let tail = try catchUp()
            guard let draft = try prepare() else { return nil }
            try checkNoGap(after: tail)
            let record = Record(
                id: .random(), number: tail.number + 1, prev: tail.hash, project: draft.project,
                author: draft.author, time: timestampNow(), operations: draft.operations)
            try journal?.add(record, for: info.id)
            let attempt = try log.create(record)
            try journal?.remove(record.id)
            if attempt == .appended {
                try take(record, after: tail)
                return record.number
            }
            // Whatever a listing says: that number is taken.
            log.isListed = false
            log.waitAfterLoss(losses)
        }
        return nil
    }

    /// Folds a record that this run has appended, and makes a checkpoint where it is time for one.
    private func take(_ record: Record, after tail: Tail) throws {
        let bytes = record.encoded
        let entry = try Log.entry(bytes, after: tail)
        try catalog.fold([entry], of: info.id)
        try checkApplied(record)
        // The push is done; a checkpoint only spares others requests, and the next writer makes one as well.
        try? checkpoints.extend(to: entry.tail, bytes, genesis: info.hash)
    }

    /// A record that was written and changes nothing is no success: its preconditions were looked at in vain.
    private func checkApplied(_ record: Record) throws {
        guard let reason = try catalog.voidReason(of: record.number) else { return }
        throw RegError(
            .conflict, "record \(record.number) is written and changes nothing: \(reason)",
            hint: "run the same command again")
    }

    /// Settles records that an earlier run sent without hearing what became of them, each on its own number.
    func settle(_ journal: Journal) throws {
        for pending in try journal.pending(for: info.id) {
            // A registry that was rolled back lacks what the record follows: reading its log tells.
            let before = Tail(number: pending.record.number - 1, hash: pending.record.prev)
            guard try log.has(before) else { continue }
            try log.checkNoGap(after: pending.record.number - 1)
            _ = try log.create(pending.record)
            try journal.remove(pending.record.id)
        }
    }

    /// All entries of the log from the first on, read anew.
    func forEachEntry(_ body: (LogEntry) throws -> Void) throws {
        var tail = Tail(number: 0, hash: info.hash)
        var run = Log.Run()
        while !run.isAtEnd {
            run = log.run(after: tail)
            for entry in run.entries { try body(entry) }
            if let failure = run.failure { throw failure }
            tail = run.entries.last?.tail ?? tail
        }
    }
}
