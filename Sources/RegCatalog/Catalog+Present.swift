// SPDX-License-Identifier: Apache-2.0
package import RegHash
package import RegPack

extension Catalog {
    /// Whether the registry is known to hold a pack.
    package func isPresent(_ pack: PackName, in registry: RandomName) throws -> Bool {
        try database.first(
            "SELECT 1 FROM present WHERE registry = ? AND pack = ?", registry.bytes, pack.bytes
        ) { _ in true } ?? false
    }

    /// Keeps that the registry holds packs.
    package func keepPresent(_ packs: [PackName], in registry: RandomName) throws {
        try transaction {
            for pack in packs {
                try database.run("INSERT OR IGNORE INTO present VALUES (?, ?)", registry.bytes, pack.bytes)
            }
        }
    }

    /// Forgets what a registry holds: it has lost records, so it may have lost packs.
    package func forgetPresent(in registry: RandomName) throws {
        try database.run("DELETE FROM present WHERE registry = ?", registry.bytes)
    }

    /// Whether the log has a version with this manifest object.
    package func isOfVersion(manifest: Digest) throws -> Bool {
        try database.first("SELECT 1 FROM version WHERE manifest = ? LIMIT 1", manifest.bytes) { _ in true }
            ?? false
    }
}
