// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegCatalog
import RegFiles
import RegHash
import RegLog
import RegTesting
import Testing

private struct Failure: Error {}

@Suite struct TransactionTests {
    /// A table of numbers.
    private func numbers() throws -> Database {
        let database = try Database(path: BytePath(":memory:"))
        try database.execute(script: "CREATE TABLE number (value INTEGER NOT NULL) STRICT")
        return database
    }

    private func values(_ database: Database) throws -> [Int64] {
        try database.all("SELECT value FROM number ORDER BY value") { $0.integer(0) }
    }

    @Test func nestedOnesAreTakenBackAlone() throws {
        let database = try numbers()
        func add(_ value: Int64) throws { try database.run("INSERT INTO number VALUES (?)", value) }
        try database.transaction {
            try add(1)
            try database.transaction {
                try add(2)
                try database.transaction {
                    try add(3)
                    return false
                }
                return true
            }
            #expect(throws: Failure.self) {
                try database.transaction {
                    try add(4)
                    throw Failure()
                }
            }
            try add(5)
            return true
        }
        #expect(try values(database) == [1, 2, 5])
    }

    @Test func theOuterOneTakesAllBack() throws {
        let database = try numbers()
        func add(_ value: Int64) throws { try database.run("INSERT INTO number VALUES (?)", value) }
        #expect(throws: Failure.self) {
            try database.transaction {
                try database.transaction {
                    try add(1)
                    return true
                }
                throw Failure()
            }
        }
        try database.transaction {
            try add(2)
            return false
        }
        #expect(try values(database).isEmpty)
        try add(3)
        #expect(try values(database) == [3])
    }

    @Test func threadsTakeTurns() throws {
        let database = try numbers()
        try database.run("INSERT INTO number VALUES (0)")
        _ = try onThreads(4) { _ in
            for _ in 0..<50 {
                try database.transaction {
                    let value = try database.first("SELECT value FROM number") { $0.integer(0) } ?? 0
                    try database.run("UPDATE number SET value = ?", value + 1)
                    return true
                }
            }
        }
        #expect(try values(database) == [200])
    }

    @Test func valuesComeBackAsTheyWere() throws {
        let database = try Database(path: BytePath(":memory:"))
        try database.execute(script: "CREATE TABLE t (i INTEGER, s TEXT, b BLOB, n BLOB) STRICT")
        let text = "a\0b \u{1f98a} caf\u{e9}"
        let blob: [UInt8] = [0, 255, 0]
        for (number, bytes) in [(Int64.min, blob), (.max, []), (0, blob)] {
            try database.run("DELETE FROM t")
            try database.run("INSERT INTO t VALUES (?, ?, ?, ?)", number, text, bytes, [UInt8]?.none)
            let found = try database.first("SELECT * FROM t") {
                ($0.integer(0), $0.text(1), $0.blob(2), $0.isNull(3))
            }
            let row = try #require(found)
            #expect(row.0 == number && row.2 == bytes && row.3)
            #expect(row.1.map { Array($0.utf8) } == Array(text.utf8))
        }
    }
}

@Suite struct CatalogFileTests {
    /// What `sqlite_master` lists, without white space that depends on where a statement stood.
    private func schema(_ database: Database) throws -> [String] {
        try database.all("SELECT type, name, sql FROM sqlite_master ORDER BY type, name") { row in
            [row.text(0), row.text(1), row.text(2)].compactMap(\.self).joined(separator: " ")
        }
    }

    @Test func itsSchemaIsTheOneInTheScript() throws {
        try withCatalogFile { path throws in
            _ = try Catalog(path: path)
            _ = try Catalog(path: path)  // opened again: nothing to migrate
            let fresh = try Database(path: BytePath(":memory:"))
            for number in 1...6 {
                let file = BytePath(#filePath).parent.appending("../../schema/manifest-00\(number).sql")
                let script = try #require(try readSmallFile(file, limit: 1 << 20))
                try fresh.execute(script: String(decoding: script, as: UTF8.self))
            }
            let found = try Database(path: path)
            #expect(try schema(found) == schema(fresh))
            #expect(try schema(found).count > 15)
            #expect(try found.first("PRAGMA user_version") { $0.integer(0) } == 6)
        }
    }

    @Test func aDatabaseOfTheVersionBeforeIsFoldedAnew() throws {
        try withCatalogFile { path throws in
            let old = try Database(path: path)
            let file = BytePath(#filePath).parent.appending("../../schema/manifest-001.sql")
            let script = try #require(try readSmallFile(file, limit: 1 << 20))
            try old.execute(script: String(decoding: script, as: UTF8.self))
            try old.run("PRAGMA user_version = 1")
            try old.run("INSERT INTO fold VALUES (?, 3, ?)", try id(77).bytes, digest(3).bytes)
            try old.run("INSERT INTO seen VALUES (?, 3, ?)", try id(77).bytes, digest(3).bytes)
            let catalog = try Catalog(path: path)
            #expect(try catalog.tail(of: try id(77)) == nil)
            #expect(try catalog.newestSeen(of: try id(77)) == Tail(number: 3, hash: digest(3)))
        }
    }

    @Test func aDatabaseOfALaterVersionIsLeftAlone() throws {
        try withCatalogFile { path throws in
            _ = try Catalog(path: path)
            try Database(path: path).run("PRAGMA user_version = 9")
            let error = #expect(throws: DatabaseError.self) { _ = try Catalog(path: path) }
            #expect(error?.isCorrupt == false)
            #expect(error?.message.contains("9") == true)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aFileThatIsNoDatabaseIsCorrupt(seed: UInt64) throws {
        try withCatalogFile { path throws in
            try publish(
                seededBytes(count: 20_000, seed: seed), as: path.lastComponent, in: .directory(path.parent),
                .creating)
            let error = #expect(throws: DatabaseError.self) { _ = try Catalog(path: path) }
            #expect(error?.isCorrupt == true)
        }
    }

    /// One bit of the text that the file keeps of its schema.
    @Test(arguments: ["manifest BLOB", "CREATE TABLE record", "void TEXT"])
    func aDamagedSchemaIsCorrupt(text: String) throws {
        try withCatalogFile { path throws in
            _ = try Catalog(path: path)
            var bytes = try #require(try readSmallFile(path, limit: 1 << 24))
            let places = bytes.indices.filter { bytes[$0...].starts(with: text.utf8) }
            for place in places { bytes[place + text.utf8.count - 6] ^= 1 }
            try #require(!places.isEmpty)
            try publish(bytes, as: path.lastComponent, in: .directory(path.parent), .replacing)
            let error = #expect(throws: DatabaseError.self) {
                let catalog = try Catalog(path: path)
                _ = try catalog.history(of: nil, limit: 10)
                _ = try catalog.allVersions()
            }
            #expect(error?.isCorrupt == true, "\(error?.message ?? "")")
        }
    }

    /// Whatever bit flips, a damaged file gives an error or answers; it never ends the process.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func noDamageTraps(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        try withCatalogFile { path throws in
            let registry = try id(77)
            do {
                let catalog = try Catalog(path: path)
                try catalog.restartFold(of: registry, genesis: digest(0))
                var maker = try RecordMaker(seed: seed)
                try catalog.transaction {
                    try catalog.fold(try (0..<30).map { _ in try maker.next() }, of: registry)
                }
            }
            let whole = try #require(try readSmallFile(path, limit: 1 << 24))
            let directory = try Descriptor.directory(path.parent)
            var failures = 0
            for _ in 0..<60 {
                var damaged = whole
                for _ in 0..<40 {
                    damaged[Int.random(in: 100..<whole.count, using: &random)] ^=
                        1 << UInt8.random(in: 0..<8, using: &random)
                }
                try publish(damaged, as: path.lastComponent, in: directory, .replacing)
                do {
                    let catalog = try Catalog(path: path)
                    _ = try catalog.tail(of: registry)
                    for name in try catalog.names() { _ = try catalog.newest(of: name) }
                    _ = try catalog.allVersions()
                    _ = try catalog.history(of: nil, limit: 1_000)
                    _ = try catalog.bindings(commit: "", project: nil)
                } catch { failures += 1 }
            }
            #expect(failures > 5)
        }
    }

    @Test func aNumberThatCannotBeIsCorrupt() throws {
        try withCatalogFile { path throws in
            let registry = try id(77)
            let catalog = try Catalog(path: path)
            try catalog.restartFold(of: registry, genesis: digest(0))
            let database = try Database(path: path)
            try database.run("UPDATE fold SET number = -1")
            try database.run("INSERT INTO artifact VALUES ('a', NULL, -5)")
            try database.run(
                "INSERT INTO version VALUES ('a', 1, ?1, 'dataset', ?1, -1, 1, NULL, 1)", digest(1).bytes)
            for read in [
                { _ = try catalog.tail(of: registry) }, { _ = try catalog.newest(of: try artifact("a")) },
                { _ = try catalog.newestVersion(of: try artifact("a")) },
            ] {
                let error = #expect(throws: DatabaseError.self) { try read() }
                #expect(error?.isCorrupt == true)
            }
        }
    }
}
