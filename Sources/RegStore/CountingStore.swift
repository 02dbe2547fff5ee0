// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
internal import Synchronization

/// A registry's objects: counts the requests and the bytes that go to another store, and tells a missing permission
/// from other failures.
package final class CountingStore: ObjectStore {
    private let store: any ObjectStore
    private let requests = Atomic<UInt64>(0)
    private let readBytes = Atomic<UInt64>(0)

    package init(_ store: any ObjectStore) { self.store = store }

    package var location: String { store.location }

    /// Requests to a server, where there is one; else calls of the store.
    package var requestCount: UInt64 { store.traffic?.requestCount ?? requests.load(ordering: .relaxed) }
    package var retryCount: UInt64 { store.traffic?.retryCount ?? 0 }
    package var readByteCount: UInt64 { readBytes.load(ordering: .relaxed) }

    private func request<Answer>(_ body: () throws(StoreError) -> Answer) throws(StoreError) -> Answer {
        requests.add(1, ordering: .relaxed)
        do { return try body() } catch {
            if case .file(let cause) = error, cause.isDenied { throw .denied(cause) }
            throw error
        }
    }

    package func read(_ key: ObjectKey, limit: Int, _ mode: ReadMode) throws(StoreError) -> [UInt8]? {
        let bytes = try request { () throws(StoreError) in try store.read(key, limit: limit, mode) }
        readBytes.add(UInt64(bytes?.count ?? 0), ordering: .relaxed)
        return bytes
    }

    package func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ mode: ReadMode,
        arrived: (Int) -> Void
    ) throws(StoreError) {
        try request { () throws(StoreError) in
            try store.read(key, at: offset, into: buffer, mode, arrived: arrived)
        }
        readBytes.add(UInt64(buffer.count), ordering: .relaxed)
    }

    package func size(of key: ObjectKey) throws(StoreError) -> UInt64? {
        try request { () throws(StoreError) in try store.size(of: key) }
    }

    package func names(
        in prefix: ObjectPrefix, after name: String?, limit: Int?
    ) throws(StoreError) -> [String] {
        try request { () throws(StoreError) in try store.names(in: prefix, after: name, limit: limit) }
    }

    package var listsFromAnyName: Bool { store.listsFromAnyName }

    package func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        try request { () throws(StoreError) in try store.create(key, bytes) }
    }

    package func writer(
        for key: ObjectKey, buffer: LargeFileWriter.Buffer
    ) throws(StoreError) -> any ObjectWriter {
        try request { () throws(StoreError) in try store.writer(for: key, buffer: buffer) }
    }

    package var traffic: StoreTraffic? { store.traffic }

    package func checkCreatesOnly(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) {
        try request { () throws(StoreError) in try store.checkCreatesOnly(key, bytes) }
    }

    package var writesAtOnce: Int { store.writesAtOnce }

    package func unfinishedFile(of key: ObjectKey) -> BytePath? { store.unfinishedFile(of: key) }

    package func create(_ key: ObjectKey, fromFileAt path: BytePath) throws(StoreError) {
        try request { () throws(StoreError) in try store.create(key, fromFileAt: path) }
    }
}
