// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCache
internal import RegFiles
internal import RegHash
internal import RegPin
internal import RegProcess

/// Where a host has the directories of runs, and what they read.
struct RunPlace {
    /// A directory for each run; with `REG_RUNS` other hosts may see them as well.
    let runs: BytePath
    /// The inputs of runs of this host, in its cache: links into that, named as the run.
    let inputs: BytePath
    /// Whether other hosts may see the runs.
    let isShared: Bool

    init(runs: BytePath? = nil, cache: BytePath) {
        let own = cache.appending("runs")
        self.runs = runs ?? own
        isShared = runs != nil && runs != own
        inputs = cache.appending("inputs")
    }

    func directory(of run: RandomName) -> BytePath { runs.appending(BytePath(run.run)) }

    func inputs(of run: RandomName) -> BytePath { inputs.appending(BytePath(run.run)) }

    /// A symlink from the inputs of a run to its directory: they are needed as long as it leads anywhere.
    func link(of run: RandomName) -> BytePath { inputs.appending(BytePath("\(run.run).at")) }

    /// An empty directory for the inputs of a run.
    func makeInputs(of run: RandomName) throws -> Descriptor {
        try makeDirectories(inputs, mode: 0o700)
        try removeInputs(of: run)
        let root = try Descriptor.open(inputs, .directory)
        try root.makeLink(link(of: run).lastComponent, to: directory(of: run))
        try root.makeDirectory(BytePath(run.run))
        return try root.openBeneath(BytePath(run.run), .directory)
    }

    func removeInputs(of run: RandomName) throws {
        guard try fileStatus(inputs)?.kind == .directory else { return }
        let root = try Descriptor.open(inputs, .directory)
        try root.removeTree(BytePath(run.run))
        try root.remove(link(of: run).lastComponent)
    }
}

extension Session {
    /// This host's cache, else one in the directory for temporary files.
    func runCache() throws -> HostCache { try hostCache() ?? HostCache.open(at: temporaryCachePath) }

    private var temporaryCachePath: BytePath {
        let base = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : BytePath($0) } ?? BytePath("/tmp")
        return absolute(base, from: options.directory).appending("reg-\(userNumber())")
    }

    /// Where `REG_RUNS` wants the directories of runs to be.
    private var sharedRunsPath: BytePath? {
        environment["REG_RUNS"].flatMap {
            $0.isEmpty ? nil : absolute(BytePath($0), from: options.directory)
        }
    }

    /// Where a new run goes; ranks of one run have theirs on each host.
    func place(in cache: HostCache, isShared: Bool) -> RunPlace {
        RunPlace(runs: isShared ? nil : sharedRunsPath, cache: cache.path)
    }

    /// Where this host may have runs.
    var runPlaces: [RunPlace] {
        let cache = hostCachePath ?? temporaryCachePath
        let own = [RunPlace(cache: cache), RunPlace(cache: temporaryCachePath)]
        let shared = sharedRunsPath.map { RunPlace(runs: $0, cache: cache) }
        var known: Set<BytePath> = []
        return (own + [shared].compactMap { $0 }).filter {
            known.insert(resolvingSymlinks($0.runs) ?? $0.runs).inserted
        }
    }

    /// The runs that this host sees and that the registry may not have, in the order of their starts.
    func runsHere() throws -> [RunHere] {
        try runPlaces.flatMap { place in
            try RunDirectory.all(in: place).map { RunHere(place: place, id: $0.id, state: $0.state) }
        }.sorted { $0.state.started < $1.state.started }
    }
}

/// A run that has a directory on this host, or on a file system that it shares.
struct RunHere {
    let place: RunPlace
    let id: RandomName
    let state: RunState

    /// Its directory, unless a process has it.
    func abandoned() throws -> RunDirectory? { try RunDirectory.abandoned(id, in: place) }

    func pin() throws -> Pin { try RunDirectory.pin(of: id, in: place) }
}
