// SPDX-License-Identifier: Apache-2.0
internal import CSQLite
package import RegBytes
internal import RegJobs

/// What SQLite said.
package struct DatabaseError: Error, Equatable {
    /// The primary result code.
    package let code: Int32
    package let message: String

    /// The file is damaged, or no database at all.
    package var isCorrupt: Bool { code == SQLITE_CORRUPT || code == SQLITE_NOTADB }

    /// The file system has no room left.
    package var isFull: Bool { code == SQLITE_FULL }

    /// The file, or its directory, cannot be written.
    package var isReadOnly: Bool { code == SQLITE_READONLY || code == SQLITE_CANTOPEN }
}

/// A value that goes into a statement or comes out of one.
package protocol DatabaseValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

// SQLite's SQLITE_TRANSIENT, a cast macro that Swift does not import: "copy the bytes before returning".
nonisolated(unsafe) private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension Int64: DatabaseValue {
    package func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, self)
    }
}

extension String: DatabaseValue {
    package func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_text64(statement, index, self, UInt64(utf8.count), transient, UInt8(SQLITE_UTF8))
    }
}

extension Array: DatabaseValue where Element == UInt8 {
    package func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        if isEmpty { return sqlite3_bind_zeroblob(statement, index, 0) }
        return withUnsafeBytes {
            sqlite3_bind_blob64(statement, index, $0.baseAddress, UInt64($0.count), transient)
        }
    }
}

extension Optional: DatabaseValue where Wrapped: DatabaseValue {
    package func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case let value?: value.bind(to: statement, at: index)
        case nil: sqlite3_bind_null(statement, index)
        }
    }
}

/// The current row of a query.
package struct Row {
    fileprivate let statement: OpaquePointer

    package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    package func text(_ column: Int32) -> String? {
        guard let bytes = sqlite3_column_text(statement, column) else { return nil }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    package func blob(_ column: Int32) -> [UInt8] { withBlob(column) { Array($0) } }

    /// Calls `body` with the bytes of a column, which go with the row.
    package func withBlob<Result>(
        _ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        guard let bytes = sqlite3_column_blob(statement, column) else {
            return try body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        let count = Int(sqlite3_column_bytes(statement, column))
        return try body(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}

/// One connection to one database; statements are prepared once and kept.
///
/// Threads take turns: each query, and each transaction as a whole, runs alone.
package final class Database: @unchecked Sendable {  // guarded by `turn`
    private let turn = RecursiveLock()
    private let path: BytePath
    private let connection: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    /// `path`: of the file, made if it is not there; `:memory:` for none.
    package init(path: BytePath) throws(DatabaseError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        // Bytes, whatever encoding they are: SQLite hands them to the system as they are.
        let name = (path.bytes + [0]).map { CChar(bitPattern: $0) }
        let code = sqlite3_open_v2(name, &handle, flags, nil)
        guard code == SQLITE_OK, let handle else {
            let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close(handle)
            throw DatabaseError(code: code & 0xff, message: "\(printable(path)): \(message)")
        }
        self.path = path
        connection = handle
        sqlite3_busy_timeout(handle, 30_000)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close(connection)
    }

    private func check(_ code: Int32) throws(DatabaseError) {
        if code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW { return }
        let reason = String(cString: sqlite3_errmsg(connection))
        throw DatabaseError(code: code & 0xff, message: "\(printable(path)): \(reason)")
    }

    /// Checks what came of compiling a statement: ours fit our schema, so one that does not tells of damage to it.
    private func checkFit(_ code: Int32) throws(DatabaseError) {
        do { try check(code) } catch {
            throw code == SQLITE_ERROR ? DatabaseError(code: SQLITE_CORRUPT, message: error.message) : error
        }
    }

    /// Runs a script of several statements without parameters.
    package func execute(script: String) throws(DatabaseError) {
        try checkFit(sqlite3_exec(connection, script, nil, nil, nil))
    }

    private func statement(_ sql: String) throws(DatabaseError) -> OpaquePointer {
        if let known = statements[sql] { return known }
        var handle: OpaquePointer?
        try checkFit(sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil))
        guard let handle else { throw DatabaseError(code: SQLITE_MISUSE, message: "empty statement") }
        statements[sql] = handle
        return handle
    }

    /// Runs one statement and gives every row to `body` until it returns false.
    package func forEachRow(
        _ sql: String, _ values: [any DatabaseValue], _ body: (Row) throws -> Bool
    ) throws {
        turn.lock()
        defer { turn.unlock() }
        let statement = try statement(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            try check(value.bind(to: statement, at: Int32(index + 1)))
        }
        while true {
            let code = sqlite3_step(statement)
            try check(code)
            guard code == SQLITE_ROW, try body(Row(statement: statement)) else { return }
        }
    }

    package func run(_ sql: String, _ values: any DatabaseValue...) throws {
        try forEachRow(sql, values) { _ in true }
    }

    /// The first row, read by `body`; nil where there is none.
    package func first<Result>(
        _ sql: String, _ values: any DatabaseValue..., read body: (Row) throws -> Result
    ) throws -> Result? {
        var result: Result?
        try forEachRow(sql, values) { row in
            result = try body(row)
            return false
        }
        return result
    }

    package func all<Result>(
        _ sql: String, _ values: any DatabaseValue..., read body: (Row) throws -> Result
    ) throws -> [Result] {
        var result: [Result] = []
        try forEachRow(sql, values) { row in
            result.append(try body(row))
            return true
        }
        return result
    }

    /// Runs `body` in one transaction, taken back if it throws or gives false; transactions nest.
    package func transaction(_ body: () throws -> Bool) throws {
        turn.lock()
        defer { turn.unlock() }
        let isNested = sqlite3_get_autocommit(connection) == 0
        try run(isNested ? "SAVEPOINT nested" : "BEGIN IMMEDIATE")
        do {
            if try body() {
                try run(isNested ? "RELEASE nested" : "COMMIT")
            } else {
                try takeBack(isNested: isNested)
            }
        } catch {
            try? takeBack(isNested: isNested)  // the first error is the one to tell
            throw error
        }
    }

    private func takeBack(isNested: Bool) throws {
        if !isNested { return try run("ROLLBACK") }
        try run("ROLLBACK TO nested")
        try run("RELEASE nested")
    }

    /// Refuses what a database made by somebody hostile could do, and asks for durable commits.
    func harden() throws(DatabaseError) {
        sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0)
        try execute(
            script: """
                PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
                PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = EXTRA; PRAGMA cache_size = -16384;
                PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY;
                """)
    }
}
