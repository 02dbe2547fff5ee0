// SPDX-License-Identifier: Apache-2.0
package import RegHash
internal import RegJSON
package import RegStore

/// What `registry.json` says: made once, when a registry is created.
package struct RegistryInfo: Equatable, Sendable {
    /// Tells registries apart, wherever they lie.
    package let id: RandomName
    /// SHA-256 of the stored bytes: what record 1 follows.
    package let hash: Digest
    /// The object's bytes.
    package let stored: [UInt8]

    private static let version: Int64 = 1
    private static let chunker = "reg-cdc-1"

    /// The registry in `store`; nil where there is none.
    package static func read(from store: any ObjectStore) throws(LogError) -> RegistryInfo? {
        guard let bytes = try bytes(in: store, .usual) else { return nil }
        do { return try RegistryInfo(bytes) } catch {
            // Once more, by another way: it may have been damaged on this one.
            guard case .damaged = error, let again = try self.bytes(in: store, .again), again != bytes
            else { throw error }
            return try RegistryInfo(again)
        }
    }

    private static func bytes(in store: any ObjectStore, _ mode: ReadMode) throws(LogError) -> [UInt8]? {
        do { return try store.read(.registry, limit: 1 << 16, mode) } catch { throw .store(error) }
    }

    private init(_ bytes: [UInt8]) throws(LogError) {
        guard let json = try? JSON.parse(bytes), let version = json["reg_registry"]?.integerValue else {
            throw .damaged(number: 0, "registry.json does not parse")
        }
        guard version == RegistryInfo.version else { throw .newerVersion("registry version \(version)") }
        guard let id = json["id"]?.stringValue.flatMap({ RandomName(hex: $0) }) else {
            throw .damaged(number: 0, "registry.json has no id")
        }
        self.init(id: id, hash: SHA256.digest(of: bytes), stored: bytes)
    }

    private init(id: RandomName, hash: Digest, stored: [UInt8]) {
        self.id = id
        self.hash = hash
        self.stored = stored
    }

    /// Makes a registry in `store`, or finds the one that somebody else just made.
    package static func create(in store: any ObjectStore, time: String) throws(LogError) -> RegistryInfo {
        let id = RandomName.random()
        let object: JSON = [
            "reg_registry": .integer(version), "id": .string(id.hex),
            "created": .string(time), "chunker": .string(chunker),
        ]
        let bytes = Array((object.compact + "\n").utf8)
        let isOwn: Bool
        do { isOwn = try store.create(.registry, bytes) } catch { throw .store(error) }
        if isOwn { return RegistryInfo(id: id, hash: SHA256.digest(of: bytes), stored: bytes) }
        guard let info = try read(from: store) else {
            throw .store(.notFound(key: .registry, location: store.location))
        }
        return info
    }
}
