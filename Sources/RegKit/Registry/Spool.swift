// SPDX-License-Identifier: Apache-2.0
internal import RegCatalog
internal import RegFiles
internal import RegStore

extension Session {
    /// How long a pack that was cut off on its way waits for a push that needs it, in nanoseconds.
    private static let spoolAge: Int64 = 7 * 86_400 * 1_000_000_000

    /// Removes packs from the spool that no push has asked for in a week: their files have changed.
    func tidySpool(of registry: Registry) throws {
        guard let spool = registry.objects.spool else { return }
        try spool.removeLeftovers()
        for name in try spool.packNames() {
            guard let status = try fileStatus(spool.path(of: .pack(name))),
                status.modified < nanosecondsNow() - Session.spoolAge
            else { continue }
            try catalog.forget(pack: name)
            try spool.remove(.pack(name))
        }
    }
}
