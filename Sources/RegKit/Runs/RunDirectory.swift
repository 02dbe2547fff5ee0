// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegJSON
internal import RegPin

/// The directory of a run on the host that runs it: it stays until the registry has the run.
///
/// `inputs/` code and artifacts · `outputs/` · `metrics` · `log` · `pin.json` · `state.json` · `guard`, which is locked as
/// long as the run, or anything that its command has started, lives.
struct RunDirectory {
    static let stateName = BytePath("state.json")
    static let logName = BytePath("log")
    static let metricsName = BytePath("metrics")
    static let outputsName = BytePath("outputs")
    static let inputsName = BytePath("inputs")
    static let pinName = BytePath("pin.json")
    /// What machine and what Python the run has.
    static let hostName = BytePath("host.json")
    private static let guardName = BytePath("guard")
    private static let entranceName = BytePath("entrance")
    private static let stateLimit = 16 << 20

    let id: RandomName
    let root: Descriptor
    private let parent: Descriptor
    /// Locked while this value lives, and as long as another process has inherited it.
    let guardFile: Descriptor

    var path: BytePath { root.path }
    var inputs: BytePath { path.appending(RunDirectory.inputsName) }
    var outputs: BytePath { path.appending(RunDirectory.outputsName) }
    var metrics: BytePath { path.appending(RunDirectory.metricsName) }
    var pinFile: BytePath { path.appending(RunDirectory.pinName) }

    /// Makes the directory of a run, or opens what an earlier attempt has left; nil while another process has it.
    ///
    /// `runs`: the directory of all runs, which is made.
    init?(_ id: RandomName, in runs: BytePath) throws {
        try makeDirectories(runs, mode: 0o700)
        let parent = try Descriptor.open(runs, .directory)
        try parent.makeDirectory(BytePath(id.run))
        try self.init(id, in: parent)
    }

    private init?(_ id: RandomName, in parent: Descriptor) throws {
        self.id = id
        self.parent = parent
        root = try parent.openBeneath(BytePath(id.run), .directory)
        guardFile = try Descriptor.open(root.path.appending(RunDirectory.guardName), .lock)
        guard try guardFile.tryLock() else { return nil }
    }

    /// Joins the ranks of a run on this host: the first of them calls `prepare`, the others wait for that.
    static func joining(
        _ id: RandomName, in runs: BytePath, prepare: (RunDirectory) throws -> Void
    ) throws -> RunDirectory {
        try makeDirectories(runs, mode: 0o700)
        let parent = try Descriptor.open(runs, .directory)
        while true {
            try parent.makeDirectory(BytePath(id.run))
            let directory = try RunDirectory(joining: id, in: parent)
            let entrance = try Descriptor.open(directory.path.appending(entranceName), .lock)
            try entrance.lock(.exclusive)
            let isFirst = try directory.guardFile.tryLock()
            // Whoever records the run may be at it, and then removes the directory.
            if !isFirst { try directory.guardFile.lock(.shared) }
            guard try directory.isInPlace() else { continue }
            if isFirst {
                try prepare(directory)
                try directory.guardFile.lock(.shared)
            }
            return withExtendedLifetime(entrance) { directory }
        }
    }

    private init(joining id: RandomName, in parent: Descriptor) throws {
        self.id = id
        self.parent = parent
        root = try parent.openBeneath(BytePath(id.run), .directory)
        guardFile = try Descriptor.open(root.path.appending(RunDirectory.guardName), .lock)
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

    /// The runs on this host that the registry may not have.
    static func all(in runs: BytePath) throws -> [(id: RandomName, state: RunState)] {
        guard try fileStatus(runs)?.kind == .directory else { return [] }
        return try Descriptor.open(runs, .directory).entries().compactMap { entry in
            guard let text = entry.name.utf8, text.hasPrefix("run-"),
                let id = RandomName(hex: String(text.dropFirst(4))),
                let state = try state(in: runs.appending(entry.name))
            else { return nil }
            return (id, state)
        }.sorted { $0.state.started < $1.state.started }
    }

    /// Removes directories of runs that were killed before their command could start.
    static func removeUnstarted(in runs: BytePath) throws {
        guard try fileStatus(runs)?.kind == .directory else { return }
        let parent = try Descriptor.open(runs, .directory)
        for entry in try parent.entries() where entry.name.bytes.starts(with: Array("run-".utf8)) {
            guard let id = RandomName(hex: String(decoding: entry.name.bytes.dropFirst(4), as: UTF8.self)),
                let status = try parent.status(of: entry.name),
                // Not one that is just being made.
                status.modified < nanosecondsNow() - unstartedAge,
                let directory = try abandoned(id, in: runs), try directory.state() == nil
            else { continue }
            try directory.remove()
        }
    }

    /// A day, in nanoseconds.
    private static let unstartedAge: Int64 = 86_400 * 1_000_000_000

    /// One that is there and that no process has; nil for all others.
    static func abandoned(_ id: RandomName, in runs: BytePath) throws -> RunDirectory? {
        guard try fileStatus(runs.appending(BytePath(id.run)))?.kind == .directory else { return nil }
        return try RunDirectory(id, in: Descriptor.open(runs, .directory))
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

    func pin() throws -> Pin {
        guard let bytes = try readSmallFile(pinFile, limit: 2 * Pin.byteLimit),
            let pin = try? Pin.parse(file: bytes)
        else { throw RegError(.local, "\(printable(pinFile)) is damaged", hint: "remove \(printable(path))") }
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

    func remove() throws { try parent.removeTree(BytePath(id.run)) }
}
