// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegLog

extension Session {
    /// Archives the runs of this host that have ended, or were killed, and that `registry` does not have.
    ///
    /// - Returns: a printable line on each.
    func archiveWaitingRuns(of registry: Registry) throws -> [String] {
        guard let path = hostCachePath?.appending("runs") else { return [] }
        return try RunDirectory.all(in: path).compactMap { id, state in
            guard state.registry == registry.location.text,
                let directory = try RunDirectory.abandoned(id, in: path)
            else { return nil }
            do {
                let archived = try archive(directory, state, pin: try directory.pin())
                return "archived \(id.shortRun), which \(archived.run.status.sentence)"
            } catch {
                return "\(id.shortRun) could not be archived: \(RegError.explaining(error).message)"
            }
        }
    }
}
