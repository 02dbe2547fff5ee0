// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
package import RegStore
internal import Synchronization

/// Objects in memory, which a test can also damage.
package final class MemoryStore: ObjectStore {
    private let objects: Mutex<[ObjectKey: [UInt8]]>
    /// What a store says of itself: readers of a log choose their way by it.
    package let listsFromAnyName: Bool

    package init(_ objects: [ObjectKey: [UInt8]] = [:], listsFromAnyName: Bool = false) {
        self.objects = Mutex(objects)
        self.listsFromAnyName = listsFromAnyName
    }

    package var location: String { "memory" }

    /// The bytes of an object, whatever they are; setting them is what no store allows.
    package subscript(_ key: ObjectKey) -> [UInt8]? {
        get { objects.withLock { $0[key] } }
        set { objects.withLock { $0[key] = newValue } }
    }

    /// All names, sorted.
    package var keys: [ObjectKey] { objects.withLock { $0.keys.sorted { $0.text < $1.text } } }

    package func read(_ key: ObjectKey, limit: Int, _ mode: ReadMode) throws(StoreError) -> [UInt8]? {
        guard let bytes = self[key] else { return nil }
        guard bytes.count <= limit else { throw .tooLarge(key: key, location: location, limit: limit) }
        return bytes
    }

    package func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ mode: ReadMode,
        arrived: (Int) -> Void
    ) throws(StoreError) {
        guard let bytes = self[key] else { throw .notFound(key: key, location: location) }
        let (end, overflow) = offset.addingReportingOverflow(UInt64(buffer.count))
        guard !overflow, end <= UInt64(bytes.count) else {
            throw .short(key: key, location: location, expected: end)
        }
        buffer.copyBytes(from: bytes[Int(offset)..<Int(end)])
        arrived(buffer.count)
    }

    package func size(of key: ObjectKey) throws(StoreError) -> UInt64? { self[key].map { UInt64($0.count) } }

    package func names(
        in prefix: ObjectPrefix, after name: String?, limit: Int?
    ) throws(StoreError) -> [String] {
        let names = keys.filter { $0.text.hasPrefix(prefix.text) }
            .map { String($0.text.dropFirst(prefix.text.count)) }.filter { $0 > (name ?? "") }
        return Array(names.prefix(limit ?? names.count))
    }

    package func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        objects.withLock { objects in
            if objects[key] != nil { return false }
            objects[key] = bytes
            return true
        }
    }

    package func writer(
        for key: ObjectKey, buffer: LargeFileWriter.Buffer
    ) throws(StoreError) -> any ObjectWriter { Writer(store: self, key: key) }

    package func create(_ key: ObjectKey, fromFileAt path: BytePath) throws(StoreError) {
        do {
            let bytes = try Descriptor.open(path, .read).readAll(limit: 1 << 30)
            _ = try create(key, bytes)
        } catch let error as FileError { throw .file(error) } catch let error as StoreError {
            throw error
        } catch { preconditionFailure("nothing else is thrown above: \(error)") }
    }

    private final class Writer: ObjectWriter {
        private let store: MemoryStore
        private let key: ObjectKey
        private var bytes: [UInt8] = []

        init(store: MemoryStore, key: ObjectKey) {
            self.store = store
            self.key = key
        }

        func append(_ more: UnsafeRawBufferPointer) throws(StoreError) { bytes.append(contentsOf: more) }

        func finish() throws(StoreError) { _ = try store.create(key, bytes) }
    }
}
