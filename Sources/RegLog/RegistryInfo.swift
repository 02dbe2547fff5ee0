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
        let bytes: [UInt8]?
        do { bytes = try store.read(.registry, limit: 1 << 16) } catch { throw .store(error) }
        guard let bytes else { return nil }
        guard let json = try? JSON.parse(bytes), let version = json["reg_registry"]?.integerValue else {
            throw .damaged(number: 0, "registry.json does not parse")
        }
        guard version == RegistryInfo.version else { throw .newerVersion("registry version \(version)") }
        guard let id = json["id"]?.stringValue.flatMap({ RandomName(hex: $0) }) else {
            throw .damaged(number: 0, "registry.json has no id")
        }
        return RegistryInfo(id: id, hash: SHA256.digest(of: bytes), stored: bytes)
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
