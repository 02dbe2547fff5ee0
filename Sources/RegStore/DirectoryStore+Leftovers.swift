// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegFiles

extension DirectoryStore {
    /// Removes unfinished packs that processes of this machine left when they were killed.
    ///
    /// Only for a store that no other machine uses. A file goes when its process is gone and it has not changed for
    /// an hour, so that a process with a recycled number loses nothing.
    package func removeLeftovers() throws(StoreError) {
        do {
            let packs = try Descriptor.open(root.appending("packs"), .directory)
            let old = nanosecondsNow() - 3_600_000_000_000
            for shelf in try packs.entries() {
                let directory = try packs.openBeneath(shelf.name, .directory)
                for entry in try directory.entries() {
                    guard let process = processOfTemporary(entry.name), kill(process, 0) != 0, errno == ESRCH,
                        let status = try directory.status(of: entry.name), status.modified < old
                    else { continue }
                    try directory.remove(entry.name)
                }
            }
        } catch {
            if !error.isNotFound { throw .file(error) }
        }
    }
}
