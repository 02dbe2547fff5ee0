// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles

extension DirectoryStore {
    /// Removes unfinished packs that processes of this machine left when they were killed.
    ///
    /// Only for a store that no other machine uses. What another process may be finishing just now is younger than an
    /// hour.
    package func removeLeftovers() throws(StoreError) {
        do {
            let packs = try Descriptor.open(root.appending("packs"), .directory)
            for shelf in try packs.entries() {
                try packs.openBeneath(shelf.name, .directory).removeAbandonedFiles(
                    unchangedFor: Descriptor.hour)
            }
        } catch {
            if !error.isNotFound { throw .file(error) }
        }
    }
}
