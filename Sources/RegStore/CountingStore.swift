// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
internal import Synchronization

/// Counts the requests and the bytes that go to another store.
package final class CountingStore: ObjectStore {
    private let store: any ObjectStore
    private let requests = Atomic<UInt64>(0)
    private let readBytes = Atomic<UInt64>(0)

    package init(_ store: any ObjectStore) { self.store = store }

    package var location: String { store.location }

    package var requestCount: UInt64 { requests.load(ordering: .relaxed) }
    package var readByteCount: UInt64 { readBytes.load(ordering: .relaxed) }

    private func count(bytes: Int = 0) {
        requests.add(1, ordering: .relaxed)
        readBytes.add(UInt64(bytes), ordering: .relaxed)
    }

    package func read(_ key: ObjectKey, limit: Int) throws(StoreError) -> [UInt8]? {
        let bytes = try store.read(key, limit: limit)
        count(bytes: bytes?.count ?? 0)
        return bytes
    }

    package func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StoreError) {
        count(bytes: buffer.count)
        try store.read(key, at: offset, into: buffer)
    }

    package func size(of key: ObjectKey) throws(StoreError) -> UInt64? {
        count()
        return try store.size(of: key)
    }

    package func names(in prefix: ObjectPrefix, after name: String?) throws(StoreError) -> [String] {
        count()
        return try store.names(in: prefix, after: name)
    }

    package func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        count()
        return try store.create(key, bytes)
    }

    package func writer(
        for key: ObjectKey, buffer: LargeFileWriter.Buffer
    ) throws(StoreError) -> any ObjectWriter {
        count()
        return try store.writer(for: key, buffer: buffer)
    }

    package func create(_ key: ObjectKey, fromFileAt path: BytePath) throws(StoreError) {
        count()
        try store.create(key, fromFileAt: path)
    }
}
