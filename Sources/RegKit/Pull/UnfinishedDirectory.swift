// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash

/// The directory in which a pull apart grows, beside the one that it becomes; the next run of the same pull finds what
/// a killed one has left in it.
struct UnfinishedDirectory {
    let name: BytePath
    private let parent: Descriptor
    /// Holds the lock that keeps two runs apart.
    private let directory: Descriptor

    var path: BytePath { parent.path.appending(name) }

    /// Finds or makes the directory for these versions; one of its own where another process has that.
    ///
    /// `selection`: what of them is asked for.
    init(
        for targets: [PullTarget], _ selection: [UInt8], as output: BytePath, in parent: Descriptor
    ) throws {
        let place = SHA256.digest(of: output.bytes).beginning >> 32
        var content: [UInt8] = []
        for target in targets { content += target.version.digest.bytes + target.base.bytes + [0] }
        content += selection
        let shared = partName(place << 32 | SHA256.digest(of: content).beginning >> 32)
        self.parent = parent
        try UnfinishedDirectory.removeOthers(of: place, but: shared, in: parent)
        if let directory = try UnfinishedDirectory.open(shared, in: parent) {
            (name, self.directory) = (shared, directory)
        } else {
            let own = temporaryName()
            try parent.makeDirectory(own)
            (name, directory) = (own, try parent.openBeneath(own, .directory))
        }
    }

    /// Removes what killed pulls of other versions to the same place have left.
    private static func removeOthers(of place: UInt64, but wanted: BytePath, in parent: Descriptor) throws {
        let beginning = partName(place << 32).bytes.dropLast(8)
        for entry in try parent.entries() where entry.name != wanted && isTemporary(entry.name) {
            guard entry.name.bytes.starts(with: beginning), try open(entry.name, in: parent) != nil else {
                continue
            }
            try parent.removeTree(entry.name)
        }
    }

    private static func open(_ name: BytePath, in parent: Descriptor) throws -> Descriptor? {
        try parent.makeDirectory(name)
        guard let directory = try? parent.openBeneath(name, .directory), try directory.tryLock() else {
            return nil  // something else has the name, or another process
        }
        // Another process may have finished it just before the lock was free.
        return try parent.status(of: name)?.inode == directory.status().inode ? directory : nil
    }

    /// Whether the next run could use what is there: not where there is nothing, and not after bytes that were wrong.
    func isWorthKeeping(after error: any Error) -> Bool {
        if let error = error as? RegError, [.corrupt, .refused].contains(error.kind) { return false }
        return (try? directory.isEmptyDirectory()) == false
    }

    func remove() throws { try parent.removeTree(name) }

    /// Removes what it holds.
    func clear() throws { for entry in try directory.entries() { try directory.removeTree(entry.name) } }
}
