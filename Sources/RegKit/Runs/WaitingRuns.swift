// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegLog

extension Session {
    /// Archives the runs of this host that have ended, or were killed, and that `registry` does not have.
    ///
    /// Of runs of other hosts in a directory of all only those whose end is known: a lock need not be seen from here.
    /// - Returns: a printable line on each.
    func archiveWaitingRuns(of registry: Registry) throws -> [String] {
        try runsHere().compactMap { here in
            let state = here.state
            guard state.registry == registry.location.text,
                state.ending?.isChecked == true || !here.place.isShared || state.host == hostName(),
                let directory = try here.abandoned()
            else { return nil }
            do {
                let archived = try archive(directory, state, pin: try directory.pin())
                return "archived \(here.id.shortRun), which \(archived.run.status.sentence)"
            } catch {
                return "\(here.id.shortRun) could not be archived: \(RegError.explaining(error).message)"
            }
        }
    }
}
