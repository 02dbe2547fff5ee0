// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCatalog
import RegHash
import RegLock
import RegLog
import RegPin
import RegTesting
import Testing

/// All that the catalog says of a registry, compared with the fold in memory.
private func expectEqual(_ catalog: Catalog, _ state: MemoryFold) throws {
    #expect(try catalog.names() == state.names.keys.sorted())
    for (name, expected) in state.names {
        let newest = try #require(try catalog.newest(of: name))
        #expect(newest.version == UInt64(expected.versions.count) && newest.maker == expected.maker)
        for push in expected.versions {
            let version = try #require(try catalog.version(of: name, number: push.version))
            #expect(version.name == name && version.number == push.version && version.digest == push.digest)
            #expect(version.type == push.type && version.manifest == push.manifest)
            #expect(version.byteCount == push.byteCount && version.fileCount == push.fileCount)
            #expect(version.message == push.message)
            let last = expected.versions.last { $0.digest == push.digest }?.version
            #expect(try catalog.version(of: name, digest: push.digest)?.number == last)
        }
        #expect(try catalog.newestVersion(of: name)?.number == newest.version)
    }
    #expect(try catalog.allVersions().count == state.names.values.map(\.versions.count).reduce(0, +))
    for pin in state.pins { #expect(try catalog.pin(pin)?.id == pin) }
    for (id, run) in state.runs {
        let entry = try #require(try catalog.run(id))
        #expect(entry.attempt == run.attempt && entry.pin == run.pin && entry.status == run.status)
        #expect(entry.exit == run.exit && entry.started == run.started && entry.ended == run.ended)
        #expect(entry.archive == run.archive.digest && entry.original == run.original)
        #expect(entry.metrics == run.metrics && entry.job == run.job)
        #expect(try catalog.outputs(of: id).map(\.number) == run.outputs.map(\.version))
        for output in run.outputs {
            let version = try #require(try catalog.version(of: output.name, number: output.version))
            #expect(try catalog.runs(writing: version).contains(entry))
        }
        for pinned in try #require(try catalog.pin(run.pin)).lock.entries {
            guard case .stored(let digest, _, _) = pinned.content else { continue }
            #expect(try catalog.runs(reading: pinned.name, digest: digest, limit: 99).contains(entry))
        }
    }
    for (measured, metrics) in state.measures {
        #expect(try catalog.measure(of: measured.name, version: measured.version)?.metrics == metrics)
    }
    for (holder, version) in state.holders {
        #expect(try catalog.holder(of: holder.alias, name: holder.name) == version)
        #expect(try catalog.aliases(of: holder.name).contains { $0 == (holder.alias, version) })
        #expect(try catalog.names(with: holder.alias).contains(holder.name))
        #expect(try catalog.promotions(of: holder.alias, name: holder.name).first?.to == version)
    }
    for number in 0..<200 as Range<UInt64> {
        #expect(try catalog.isDeleted(manifest: digest(number)) == state.isDeleted(manifest: digest(number)))
    }
    for project in 0..<3 as Range<UInt64> {
        for number in 0..<4 as Range<UInt64> {
            let (commit, project) = (try commit(number), try id(project))
            let set = state.set(of: commit, project: project)
            #expect(try catalog.set(of: commit, project: project) == set)
            if let set { #expect(try catalog.lock(of: set)?.setDigest == set) }
        }
    }
}

@Suite struct FoldTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func equalsTheFoldInMemory(seed: UInt64) throws {
        print("seed \(seed)")
        let catalog = try Catalog.inMemory()
        let registry = try id(77)
        try catalog.restartFold(of: registry, genesis: digest(0))
        var maker = try RecordMaker(seed: seed)
        var voids = 0
        for number in 1...300 {
            let entry = try maker.next()
            try catalog.fold([entry], of: registry)
            #expect(try catalog.tail(of: registry) == entry.tail)
            if number % 100 == 0 { try expectEqual(catalog, maker.state) }
        }
        for entry in try catalog.history(of: nil, limit: 10_000) where entry.reason != nil {
            #expect(entry.kind == "void")
            voids += 1
        }
        #expect(
            voids > 10 && maker.state.names.count == 5 && maker.state.runs.count > 1
                && maker.state.holders.count > 1, "the records are of both kinds")
        #expect(try catalog.newestSeen(of: registry) == catalog.tail(of: registry))
    }

    @Test func anotherWayOfFoldingGivesTheSame() throws {
        // On disk, opened anew, with entries that another process has folded meanwhile.
        try withCatalogFile { path throws in
            let registry = try id(77)
            var maker = try RecordMaker(seed: 9)
            let entries = try (0..<60).map { _ in try maker.next() }
            let first = try Catalog(path: path)
            try first.restartFold(of: registry, genesis: digest(0))
            try first.fold(Array(entries[..<40]), of: registry)
            let second = try Catalog(path: path)
            for entry in entries[20...] { try second.fold([entry], of: registry) }
            try first.fold(entries, of: registry)
            try expectEqual(first, maker.state)
            try expectEqual(second, maker.state)
        }
    }

    @Test func anEntryOutOfTurnChangesNothing() throws {
        let catalog = try Catalog.inMemory()
        let registry = try id(77)
        var maker = try RecordMaker(seed: 2)
        let entries = try (0..<3).map { _ in try maker.next() }
        try catalog.fold([entries[0]], of: registry)
        #expect(try catalog.tail(of: registry) == nil)
        try catalog.restartFold(of: registry, genesis: digest(0))
        try catalog.fold([entries[1], entries[2]], of: registry)
        #expect(try catalog.tail(of: registry) == Tail(number: 0, hash: digest(0)))
    }

    @Test func whatOnlyALaterVersionKnowsIsNotFolded() throws {
        let catalog = try Catalog.inMemory()
        let registry = try id(77)
        try catalog.restartFold(of: registry, genesis: digest(0))
        let entry = LogEntry(tail: Tail(number: 1, hash: digest(1)), reading: .beyond("the operation pin"))
        #expect(throws: LogError.newerVersion("the operation pin, in record 1")) {
            try catalog.fold([entry], of: registry)
        }
        #expect(try catalog.tail(of: registry)?.number == 0)
    }

    @Test func whatComesBeforeALaterVersionIsFolded() throws {
        let catalog = try Catalog.inMemory()
        let registry = try id(77)
        try catalog.restartFold(of: registry, genesis: digest(0))
        var maker = try RecordMaker(seed: 5)
        let known = try (0..<20).map { _ in try maker.next() }
        let beyond = LogEntry(tail: Tail(number: 21, hash: digest(21)), reading: .beyond("the operation pin"))
        let after = LogEntry(tail: Tail(number: 22, hash: digest(22)), reading: .void("made up"))
        #expect(throws: LogError.newerVersion("the operation pin, in record 21")) {
            try catalog.fold(known + [beyond, after], of: registry)
        }
        #expect(try catalog.tail(of: registry)?.number == 20)
        #expect(try catalog.newestSeen(of: registry)?.number == 20)
        try expectEqual(catalog, maker.state)
    }

    @Test func aRestartForgetsAllButWhatWasSeen() throws {
        let catalog = try Catalog.inMemory()
        let registry = try id(77)
        try catalog.restartFold(of: registry, genesis: digest(0))
        var maker = try RecordMaker(seed: 4)
        try catalog.fold(try (0..<30).map { _ in try maker.next() }, of: registry)
        try catalog.restartFold(of: registry, genesis: digest(0))
        try expectEqual(catalog, MemoryFold())
        #expect(try catalog.history(of: nil, limit: 9).isEmpty)
        #expect(try catalog.newestSeen(of: registry) == Tail(number: 30, hash: digest(30)))
        // Read again from the start, it does not forget how far it had come.
        maker = try RecordMaker(seed: 4)
        try catalog.fold([try maker.next()], of: registry)
        #expect(try catalog.newestSeen(of: registry)?.number == 30)
        try catalog.forgetSeen(of: registry)
        #expect(try catalog.newestSeen(of: registry) == nil)
    }

    @Test func commitsAreFoundByPrefixAndByContent() throws {
        let catalog = try Catalog.inMemory()
        let registry = try id(77)
        try catalog.restartFold(of: registry, genesis: digest(0))
        let name = try artifact("a")
        let lock = try Lock([
            LockEntry(
                name: name, type: .dataset, path: BytePath("a"), isDirectory: true,
                content: .stored(digest: digest(1), bytes: 5, files: 1))
        ])
        let set = try #require(lock.setDigest)
        let push = Operation.push(
            Operation.Push(
                name: name, type: .dataset, version: 1, digest: digest(1), manifest: digest(2), byteCount: 5,
                fileCount: 1, message: "first", isShared: false))
        for (number, project) in [(1, 5), (2, 5), (3, 6)] as [(UInt64, UInt64)] {
            let bind = Operation.bind(Operation.Bind(commit: try commit(number), set: set, lock: lock))
            let record = Record(
                id: try id(number), number: number, prev: digest(0), project: try id(project), author: "Ada",
                time: "now", operations: number == 1 ? [push, bind] : [bind])
            try catalog.fold(
                [LogEntry(tail: Tail(number: number, hash: digest(number)), reading: .record(record))],
                of: registry)
        }
        #expect(try catalog.commits(with: name, digest: digest(1)) == [3, 2, 1].map { try commit($0).hex })
        #expect(try catalog.commits(with: name, digest: digest(2)).isEmpty)
        #expect(try catalog.commits(with: try artifact("b"), digest: digest(1)).isEmpty)
        let hex = try commit(1).hex
        #expect(try catalog.bindings(commit: String(hex.prefix(8)), project: try id(5)).map(\.set) == [set])
        #expect(try catalog.bindings(commit: hex, project: try id(6)).isEmpty)
        #expect(try catalog.bindings(commit: hex, project: nil).map(\.commit) == [hex])
        #expect(try catalog.bindings(commit: "", project: try id(5)).count == 2)
        let history = try catalog.history(of: name, limit: 10)
        #expect(history.map(\.kind) == ["push"] && history[0].commit == hex && history[0].message == "first")
        #expect(try catalog.history(of: nil, limit: 2).map(\.record) == [3, 2])
        let version = try #require(try catalog.newestVersion(of: name))
        #expect(try catalog.versions(of: name, digestPrefix: String(digest(1).hex.prefix(6))) == [version])
        #expect(try catalog.versions(of: name, digestPrefix: "zz").isEmpty)
    }
}
