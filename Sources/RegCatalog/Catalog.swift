// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegHash
internal import RegLog

/// The manifest database: a registry's log made queryable, and what this clone knows of its files and chunks.
///
/// Never the only copy of anything (`schema/`). Threads take turns in the database.
package final class Catalog: Sendable {
    let database: Database

    /// The schema's versions, oldest first; each takes a database from the version before.
    private static let migrations = [
        PackageResources.manifest_001_sql, PackageResources.manifest_002_sql,
        PackageResources.manifest_003_sql,
        PackageResources.manifest_004_sql, PackageResources.manifest_005_sql,
        PackageResources.manifest_006_sql,
    ]

    /// A catalog in memory, gone with the process: for jobs without a writable place.
    package static func inMemory() throws -> Catalog { try Catalog(path: BytePath(":memory:")) }

    /// Opens the catalog in the file at `path`, making or migrating it.
    package init(path: BytePath) throws {
        database = try Database(path: path)
        try database.harden()
        try migrate()
    }

    private func migrate() throws {
        let current = Catalog.migrations.count
        let found = try version()
        if found == current { return }
        guard found < current else {
            throw DatabaseError(
                code: 1, message: "the database is of version \(found), this reg knows \(current)")
        }
        try database.transaction {
            for script in try Catalog.migrations[version()...] {
                try database.execute(script: String(decoding: script, as: UTF8.self))
            }
            try database.run("PRAGMA user_version = \(current)")
            return true
        }
    }

    private func version() throws -> Int {
        Int(try database.first("PRAGMA user_version") { $0.integer(0) } ?? 0)
    }

    /// Runs `body` in one transaction.
    package func transaction(_ body: () throws -> Void) throws {
        try database.transaction {
            try body()
            return true
        }
    }
}

extension Row {
    func digest(_ column: Int32) throws -> Digest {
        guard let digest = withBlob(column, { Digest($0) }) else { throw corruptValue }
        return digest
    }

    /// A number that is never negative.
    func unsigned(_ column: Int32) throws -> UInt64 {
        guard let value = UInt64(exactly: integer(column)) else { throw corruptValue }
        return value
    }

    func name(_ column: Int32) throws -> RandomName? {
        if isNull(column) { return nil }
        guard let name = RandomName(blob(column)) else { throw corruptValue }
        return name
    }
}

/// A value that this program would not have written: handled like a damaged file.
let corruptValue = DatabaseError(code: 11, message: "a value is not of its form")
