// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegJSON
internal import RegPin

/// The directory of a run on the host that runs it: it stays until the registry has the run.
///
/// `outputs/` · `metrics` · `log` · `pin.json` · `state.json` · `guard`, which is locked as long as the run, or anything
/// that its command has started, lives. Code and artifacts are beside the cache: ``RunPlace``.
struct RunDirectory {
    static let stateName = BytePath("state.json")
    static let logName = BytePath("log")
    static let metricsName = BytePath("metrics")
    static let outputsName = BytePath("outputs")
    static let pinName = BytePath("pin.json")
    /// What machine and what Python the run has.
    static let hostName = BytePath("host.json")
    private static let guardName = BytePath("guard")
    private static let entranceName = BytePath("entrance")
    private static let stateLimit = 16 << 20

    let id: RandomName
    let root: Descriptor
    private let place: RunPlace
    private let parent: Descriptor
    /// Locked while this value lives, and as long as another process has inherited it.
    let guardFile: Descriptor

    var path: BytePath { root.path }
    /// With code and artifacts, on this host.
    var inputs: BytePath { place.inputs(of: id) }
    var outputs: BytePath { path.appending(RunDirectory.outputsName) }
    var metrics: BytePath { path.appending(RunDirectory.metricsName) }
    var pinFile: BytePath { path.appending(RunDirectory.pinName) }

    /// Makes the directory of a run, or opens what an earlier attempt has left; nil while another process has it.
    ///
    /// What it is in is made as well.
    init?(_ id: RandomName, in place: RunPlace) throws {
        let parent = try RunDirectory.parent(in: place)
        try parent.makeDirectory(BytePath(id.run))
        try self.init(id, in: parent, of: place)
        guard try guardFile.tryLock() else { return nil }
    }

    private init(_ id: RandomName, in parent: Descriptor, of place: RunPlace) throws {
        self.id = id
        self.parent = parent
        self.place = place
        root = try parent.openBeneath(BytePath(id.run), .directory)
        guardFile = try Descriptor.open(root.path.appending(RunDirectory.guardName), .lock)
    }

    private static func parent(in place: RunPlace) throws -> Descriptor {
        try makeDirectories(place.runs, mode: 0o700)
        return try Descriptor.open(place.runs, .directory)
    }

    /// Joins the ranks of a run on this host: the first of them calls `prepare`, the others wait for that.
    static func joining(
        _ id: RandomName, in place: RunPlace, prepare: (RunDirectory) throws -> Void
    ) throws -> RunDirectory {
        let parent = try parent(in: place)
        while true {
            try parent.makeDirectory(BytePath(id.run))
            let directory = try RunDirectory(id, in: parent, of: place)
            let entrance = try Descriptor.open(directory.path.appending(entranceName), .lock)
            try entrance.lock(.exclusive)
            let isFirst = try directory.guardFile.tryLock()
            // Whoever records the run may be at it, and then removes the directory.
            if !isFirst { try directory.guardFile.lock(.shared) }
            guard try directory.isInPlace() else { continue }
            if isFirst {
                do { try prepare(directory) } catch {
                    if try directory.state() == nil { try directory.remove() }
                    throw error
                }
                try directory.guardFile.lock(.shared)
            }
            return withExtendedLifetime(entrance) { directory }
        }
    }

    /// Whether it has not been removed.
    private func isInPlace() throws -> Bool {
        try parent.status(of: BytePath(id.run))?.inode == root.status().inode
    }

    /// Waits until no other rank is at work on this host.
    func awaitOthers() throws { try guardFile.lock(.exclusive) }

    /// Removes the directory where no other rank needs it, nor records the run from it.
    func leave() throws {
        let entrance = try Descriptor.open(path.appending(RunDirectory.entranceName), .lock)
        try entrance.lock(.exclusive)
        if try guardFile.tryLock(), try isInPlace(), try state() == nil { try remove() }
        withExtendedLifetime(entrance) {}
    }

    /// The runs there that the registry may not have.
    static func all(in place: RunPlace) throws -> [(id: RandomName, state: RunState)] {
        try names(in: place.runs).compactMap { id in
            do { return try state(in: place.directory(of: id)).map { (id, $0) } } catch let error as FileError
                where error.isPermission || error.isDirectory || error.isUnsafePath
            { return nil }  // another user's, or not reg's
        }
    }

    private static func names(in directory: BytePath) throws -> [RandomName] {
        try entries(of: directory).compactMap { entry in
            entry.name.utf8.flatMap { $0.hasPrefix("run-") ? RandomName(hex: String($0.dropFirst(4))) : nil }
        }
    }

    /// None where there is no directory, or another user's.
    private static func entries(of directory: BytePath) throws -> [DirectoryEntry] {
        guard try fileStatus(directory)?.kind == .directory else { return [] }
        do { return try Descriptor.open(directory, .directory).entries() } catch {
            if error.isPermission { return [] }
            throw error
        }
    }

    /// Removes what runs have left that were killed before their command could start, or that ended elsewhere.
    ///
    /// `passedOver`: told of each that stays because of an error.
    static func removeLeftovers(in place: RunPlace, passedOver: (any Error) -> Void) throws {
        for id in try names(in: place.runs) {
            do { try removeUnstarted(id, in: place) } catch { passedOver(error) }
        }
        for id in try names(in: place.inputs) {
            do { try removeAbandonedInputs(of: id, in: place) } catch { passedOver(error) }
        }
    }

    private static func removeUnstarted(_ id: RandomName, in place: RunPlace) throws {
        guard try isOld(place.directory(of: id)), let directory = try abandoned(id, in: place),
            try directory.state() == nil
        else { return }
        try directory.remove()
    }

    private static func removeAbandonedInputs(of id: RandomName, in place: RunPlace) throws {
        // Not below ``RunPlace/runs`` alone: a run may have been started with another `REG_RUNS`.
        guard try isOld(place.inputs(of: id)), try fileStatus(place.link(of: id)) == nil,
            try Descriptor.open(place.inputs(of: id), .directory).tryLock()
        else { return }
        try place.removeInputs(of: id)
    }

    /// Whether it is not one that is just being made.
    private static func isOld(_ path: BytePath) throws -> Bool {
        try fileStatus(path).map { $0.modified < nanosecondsNow() - leftoverAge } ?? false
    }

    /// A day, in nanoseconds.
    private static let leftoverAge: Int64 = 86_400 * 1_000_000_000

    /// One that is there and that no process has; nil for all others.
    static func abandoned(_ id: RandomName, in place: RunPlace) throws -> RunDirectory? {
        guard try fileStatus(place.directory(of: id))?.kind == .directory else { return nil }
        do {
            let directory = try RunDirectory(id, in: Descriptor.open(place.runs, .directory), of: place)
            return try directory.guardFile.tryLock() ? directory : nil
        } catch let error as FileError where error.isPermission { return nil }  // another user's
    }

    private static func state(in directory: BytePath) throws -> RunState? {
        try readSmallFile(directory.appending(stateName), limit: stateLimit)
            .flatMap { try? JSON.parse($0) }.flatMap { RunState($0) }
    }

    func state() throws -> RunState? { try RunDirectory.state(in: path) }

    /// Remembers how far the run is, also over a power cut.
    func keep(_ state: RunState) throws {
        try publish(
            Array((state.json.compact + "\n").utf8), as: RunDirectory.stateName, in: root, mode: 0o600,
            .replacing)
    }

    /// Takes back what ``keep(_:)`` said: whatever happens to the rest, it is no run any more.
    func forget() throws {
        try root.remove(RunDirectory.stateName)
        try root.sync()
    }

    /// Removes what the command has written and printed.
    func removeWritten() throws {
        for name in [RunDirectory.outputsName, RunDirectory.metricsName, RunDirectory.logName] {
            try root.removeTree(name)
        }
        try root.makeDirectory(RunDirectory.outputsName)
    }

    func pin() throws -> Pin { try RunDirectory.pin(in: path) }

    /// That of a run which another process may have; throws where the run is gone, too.
    static func pin(of id: RandomName, in place: RunPlace) throws -> Pin {
        try pin(in: place.directory(of: id))
    }

    private static func pin(in directory: BytePath) throws -> Pin {
        let file = directory.appending(pinName)
        guard let bytes = try readSmallFile(file, limit: 2 * Pin.byteLimit),
            let pin = try? Pin.parse(file: bytes)
        else {
            throw RegError(.local, "\(printable(file)) is damaged", hint: "remove \(printable(directory))")
        }
        return pin
    }

    /// What is known of the machine; null where nobody could keep it.
    func host() throws -> JSON {
        try readSmallFile(path.appending(RunDirectory.hostName), limit: RunDirectory.stateLimit)
            .flatMap { try? JSON.parse($0) } ?? .null
    }

    /// Puts back what an attempt to archive the run, which came to nothing, has taken into the archive.
    func undoArchive() throws {
        let name = RunArchiveFiles.directory
        guard try root.status(of: name)?.kind == .directory else { return }
        let archive = try root.openBeneath(name, .directory)
        for entry in try archive.entries() where entry.name != RunArchiveFiles.description {
            let former = entry.name == RunArchiveFiles.metrics ? RunDirectory.metricsName : entry.name
            // Made again since, with nothing in it.
            if former == RunDirectory.outputsName { _ = root.removeEmptyDirectory(former) }
            try root.move(entry.name, of: archive, to: former)
        }
        try root.removeTree(name)
    }

    func remove() throws {
        try forget()
        try place.removeInputs(of: id)
        do { try parent.removeTree(BytePath(id.run)) } catch let error where error.isTaken {
            // A network file system keeps files, under other names, as long as they are open: here the guard.
        }
    }

    /// The directory for code and artifacts, made anew.
    func emptyInputs() throws -> Descriptor { try place.makeInputs(of: id) }
}
