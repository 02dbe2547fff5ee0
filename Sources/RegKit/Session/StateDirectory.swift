// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegProcess

/// Where a clone keeps what needs a local file system: the database, the journal, and the files that are locked.
///
/// The store is not among it: that relies on `link(2)` alone.
struct StateDirectory {
    let path: BytePath
    /// Why it is not in git's own directory, printable; nil where it is.
    let reason: String?
    /// A directory above it that must be the user's alone, since everybody may write beside it.
    private let own: BytePath?

    private init(_ path: BytePath, reason: String?, own: BytePath? = nil) {
        self.path = path
        self.reason = reason
        self.own = own
    }

    /// The state directory of the clone whose work trees share `commonDirectory`.
    ///
    /// `REG_STATE` where that is set; else git's own directory, where it is local; else one of the user's.
    /// - Throws: `refused` where another user could reach into it.
    static func find(
        of commonDirectory: BytePath, environment: ProcessEnvironment
    ) throws -> StateDirectory {
        let usual = commonDirectory.appending("reg")
        let name = String(SHA256.digest(kind: "state", of: commonDirectory.bytes).hex.prefix(32))
        if let given = environment["REG_STATE"], !given.isEmpty {
            guard let base = environment.directory("REG_STATE") else {
                throw RegError(.usage, "REG_STATE is no absolute path: '\(printable(BytePath(given)))'")
            }
            if try !isOnNetworkFileSystem(base) {
                return StateDirectory(base.appending(name), reason: "REG_STATE says so")
            }
        }
        if try !isOnNetworkFileSystem(usual) { return StateDirectory(usual, reason: nil) }
        let reason = "\(printable(commonDirectory)) is on a network file system"
        let home = environment.directory("HOME")?.appending(".local/state")
        for base in [environment.directory("XDG_STATE_HOME"), home].compactMap({ $0 }) {
            let place = base.appending("reg")
            if try isWritable(place) && !isOnNetworkFileSystem(place) {
                return StateDirectory(place.appending(name), reason: reason)
            }
        }
        let shared = BytePath(isWritable(BytePath("/var/tmp")) ? "/var/tmp" : "/tmp")
        let own = shared.appending("reg-\(userNumber())")
        let state = StateDirectory(own.appending(name), reason: reason, own: own)
        try state.check()
        return state
    }

    /// Whether there is more in it than files that are locked, which any run makes.
    func holdsAnything() throws -> Bool {
        guard try fileStatus(path) != nil else { return false }
        return try Descriptor.open(path, .directory).entries().contains {
            !$0.name.bytes.suffix(6).elementsEqual(".guard".utf8)
        }
    }

    /// Makes the directory, if it is not there.
    func make() throws {
        if let own { try makePrivateDirectory(own) }
        try check()
        try makeDirectories(path, mode: 0o755)
    }

    private func check() throws {
        guard let own, try isPrivateDirectory(own) == false else { return }
        throw RegError(
            .refused, "\(printable(own)) is not a directory that only you can use",
            hint: "say where this clone's state may be: REG_STATE=DIR, a local directory of yours")
    }
}

extension ProcessEnvironment {
    /// A directory that a variable names by an absolute path.
    func directory(_ name: String) -> BytePath? {
        self[name].flatMap { $0.first == UInt8(ascii: "/") ? BytePath($0) : nil }
    }
}

extension Workspace {
    /// The journals of records whose fate is unknown: the one in use first, then one of a time when the state was in
    /// git's own directory.
    var journalDirectories: [BytePath] {
        guard let git, let state else { return [] }
        let usual = git.commonDirectory.appending("reg")
        return (state == usual ? [state] : [state, usual]).map { $0.appending("journal") }
    }
}
