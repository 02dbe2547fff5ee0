// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles

extension Session {
    /// Keeps others of this clone from trimming the store until this run ends; exclusive, from using it at all.
    ///
    /// Waits for them. Where the state cannot be written nobody can trim either, and nothing is held.
    func holdStore(_ kind: Descriptor.LockKind) throws {
        do {
            if storeHold == nil { storeHold = try openStoreHold() }
            try storeHold?.lock(kind)
        } catch let error as FileError where error.isPermission && kind == .shared {
            storeHold = nil
        }
    }

    private func openStoreHold() throws -> Descriptor? {
        guard let state = workspace?.stateDirectory else { return nil }
        try state.make()
        return try Descriptor.open(state.path.appending("store.guard"), .lock)
    }
}
