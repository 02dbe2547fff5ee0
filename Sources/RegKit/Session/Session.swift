// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegJobs
internal import RegLock
internal import RegLog
internal import RegPack
internal import RegProcess
internal import RegS3
internal import RegStore

package struct SessionOptions: Sendable {
    /// The registry, as `--registry` gives it.
    package var registry: String?
    /// The server that its bucket is on, as `--endpoint` gives it.
    package var endpoint: String?
    /// Where the command was started.
    package var directory = currentDirectory()
    /// Threads for the work between reading and writing; nil for one a processor.
    package var jobs: Int?
    /// Whether a registry that lost records this clone has seen is taken as it is.
    package var acceptsRollback = false
    package var progress: ProgressObserver?
    /// Told of things beside the result, one printable line each.
    package var notice: @Sendable (String) -> Void = { _ in }

    package init() {}
}

/// One run of one verb: the workspace it was started in, its settings and its manifest database.
///
/// Each verb is an extension in a file of its own.
package final class Session {
    let options: SessionOptions
    let environment = ProcessEnvironment.inherited
    let workspace: Workspace?
    /// Why there is no workspace, where there is a git repository; for verbs that need one.
    private let noWorkspace: RegError?
    let settings: Settings
    private var openCatalog: Catalog?
    private var openRegistry: Registry?
    private var openObjects: RegistryObjects?
    let uploadProgress: UploadProgress
    /// Held while this run uses the store.
    var storeHold: Descriptor?
    /// Where the index has submodules; nil while nobody asked.
    var knownSubmodules: [BytePath]?
    /// Whether the catalog is empty where it should not be.
    private var isCatalogLost = false

    package init(_ options: SessionOptions) throws {
        self.options = options
        uploadProgress = UploadProgress(options.progress)
        (workspace, noWorkspace) = try Session.findWorkspace(from: options.directory, environment)
        settings = try explained { [workspace] in
            try workspace.map { try Settings.read($0.root.appending(Settings.fileName)) ?? Settings() }
                ?? Settings()
        }
    }

    /// The workspace around `directory`, or why a repository there has none: registries can be asked without.
    private static func findWorkspace(
        from directory: BytePath, _ environment: ProcessEnvironment
    ) throws -> (Workspace?, reason: RegError?) {
        try explained {
            do { return (try Workspace.find(from: directory, environment: environment), nil) } catch {
                switch error as? GitError {
                case .bareRepository?, .insideGitDirectory?: return (nil, RegError.explaining(error))
                default: throw error
                }
            }
        }
    }

    /// What to say where a verb finds no workspace.
    func withoutWorkspace(_ message: String, hint: String) -> RegError {
        noWorkspace ?? RegError(.usage, message, hint: hint)
    }

    /// Where packs are noted that are not finished; nil where there is no state.
    var unfinishedPacks: UnfinishedPacks? {
        workspace?.state.map { UnfinishedPacks(directory: $0.appending("journal")) }
    }

    /// How many requests may run at one time.
    var connectionCount: Int { openObjects?.bucket?.connectionCount ?? 1 }

    var jobs: Int { max(1, min(options.jobs ?? processorCount(), 64)) }

    /// The workspace, where the verb cannot do without one.
    func requireWorkspace() throws -> Workspace {
        guard let workspace else {
            try Git.requireInstalled()
            throw withoutWorkspace("there is no git repository here", hint: "git init")
        }
        guard workspace.git != nil else {
            try Git.requireInstalled()
            throw RegError(.usage, "\(printable(workspace.root)) is no git repository", hint: "git init")
        }
        return workspace
    }

    // MARK: The manifest database

    var catalog: Catalog {
        get throws {
            if let openCatalog { return openCatalog }
            let catalog = try makeCatalog()
            openCatalog = catalog
            try restoreCatalog()
            return catalog
        }
    }

    private var catalogPath: BytePath? { workspace?.state?.appending("manifest.sqlite") }

    private func makeCatalog() throws -> Catalog {
        guard let path = catalogPath, let state = workspace?.stateDirectory else {
            return try Catalog.inMemory()
        }
        do {
            // A state directory or a store without a database has lost it, or another run is about to make it there: to
            // look for what it should know then does no harm.
            let hasStore = try workspace?.store.map { try fileStatus($0.root) != nil } ?? false
            let hadState = try hasStore || state.holdsAnything()
            try state.make()
            let isNew = try fileStatus(path)?.size ?? 0 == 0
            let catalog = try Catalog(path: path)
            isCatalogLost = isCatalogLost || isNew && hadState
            if isNew, let reason = state.reason {
                options.notice("the state of this clone is in \(printable(state.path)): \(reason)")
            }
            return catalog
        } catch let error as DatabaseError where error.isCorrupt {
            try setCatalogAside()
            return try Catalog(path: path)
        } catch let error as DatabaseError where error.isReadOnly {
            return try Catalog.inMemory()
        } catch let error as FileError where error.isPermission {
            return try Catalog.inMemory()  // a pull needs no writable place but its target
        }
    }

    /// Moves a damaged database out of the way.
    private func setCatalogAside() throws {
        openCatalog = nil
        openRegistry = nil
        guard let path = catalogPath, let state = workspace?.state else { return }
        let name = BytePath("manifest.sqlite.bad-\(nanosecondsNow())")
        let directory = try Descriptor.open(state, .directory)
        if try directory.status(of: path.lastComponent) == nil { return }
        try directory.rename(path.lastComponent, to: name)
        try directory.remove(BytePath("manifest.sqlite-journal"))
        isCatalogLost = true
        options.notice(
            "the manifest database was damaged and is made anew; the old file is \(printable(state.appending(name)))"
        )
    }

    /// Finds again what a lost database knew, from the log, the store and the files.
    private func restoreCatalog() throws {
        guard isCatalogLost, let workspace else { return }
        isCatalogLost = false
        try fillCatalog(for: workspace)
    }

    /// Removes the database, to begin anew.
    func removeCatalog() throws {
        openCatalog = nil
        openRegistry = nil
        guard let state = workspace?.stateDirectory else { return }
        try state.make()
        let directory = try Descriptor.open(state.path, .directory)
        try directory.remove(BytePath("manifest.sqlite"))
        try directory.remove(BytePath("manifest.sqlite-journal"))
        openCatalog = try makeCatalog()
        isCatalogLost = false
    }

    /// The tree of a workspace, found again when the whole clone has moved.
    func workingTree(of workspace: Workspace) throws -> WorkingTree {
        // Empty for the main working tree, `worktrees/NAME` for a linked one.
        let key = workspace.git.flatMap { $0.gitDirectory.relative(to: $0.commonDirectory) }
        return try WorkingTree(
            workspace.root, key: key, state: workspace.git?.commonDirectory.appending("reg"),
            catalog: catalog, rules: settings.ignore,
            jobs: jobs)
    }

    // MARK: The registry

    /// Where the registry is: flag, environment, the user's settings, `reg.toml`, the embedded default.
    func registryLocation() throws -> RegistryLocation {
        if let text = options.registry {
            return try RegistryLocation(text, source: .flag, base: options.directory)
        }
        if let text = environment["REG_REGISTRY"], !text.isEmpty {
            return try RegistryLocation(
                String(decoding: text, as: UTF8.self), source: .environment, base: options.directory)
        }
        if let path = userSettingsPath, let text = try userSettings()?.registry {
            return try RegistryLocation(text, source: .userSettings, base: path.parent)
        }
        if let workspace, let text = settings.registry {
            return try RegistryLocation(text, source: .project, base: workspace.root)
        }
        guard let project = settings.project else {
            let hint = workspace?.git == nil ? "give --registry" : "run 'reg init', or give --registry"
            throw withoutWorkspace("no registry is set", hint: hint)
        }
        return try RegistryLocation.embedded(project: project, environment: environment)
    }

    /// The user's own configuration; nil where there is none.
    func userSettings() throws -> Settings? { try userSettingsPath.flatMap { try Settings.read($0) } }

    var userSettingsPath: BytePath? {
        let base =
            environment["XDG_CONFIG_HOME"].map { BytePath($0) }
            ?? environment["HOME"].map { BytePath($0).appending(".config") }
        return base?.appending("reg/config.toml")
    }

    /// The objects of the registry, whether or not there are any: nothing is asked of a server yet.
    func registryObjects() throws -> RegistryObjects {
        if let openObjects { return openObjects }
        let location = try registryLocation()
        let objects = RegistryObjects(location, try self.objects(at: location))
        openObjects = objects
        return objects
    }

    /// The registry, which must exist.
    func registry() throws -> Registry {
        if let openRegistry { return openRegistry }
        let objects = try registryObjects()
        guard
            let registry = try Registry.open(
                objects, catalog: catalog, acceptsRollback: options.acceptsRollback)
        else { throw RegError.noRegistry(objects.location) }
        openRegistry = registry
        return registry
    }

    /// The registry, made if it does not exist, once it is sure that it can be written.
    func makeRegistry() throws -> Registry {
        let registry = try Registry.make(
            registryObjects(), catalog: catalog, acceptsRollback: options.acceptsRollback)
        openRegistry = registry
        return registry
    }

    /// The registry if it can be reached; nil where there is none.
    func registryIfThere() throws -> Registry? {
        do { return try registry() } catch let error as RegError
            where [.notFound, .usage].contains(error.kind)
        {
            return nil
        }
    }

    /// The registry where asking it needs no network; nil where it does, or there is none.
    func registryAtHand() throws -> Registry? {
        guard let location = try? registryLocation(), !location.isRemote else { return nil }
        return try registryIfThere()
    }

    /// Where manifests are found: in the store, and in the registry where there is one.
    func library() throws -> ManifestLibrary {
        if storeHold == nil { try holdStore(.shared) }
        guard let objects = try objectsToRead() else {
            return ManifestLibrary(store: workspace?.store, registry: nil)
        }
        return ManifestLibrary(
            store: workspace?.store, spool: objects.spool, registry: objects.store,
            isKnown: try knownPacks())
    }

    /// What was read from the registry and asked of it so far; nil where there is none.
    func registryTraffic() throws -> CountingStore? { try objectsToRead()?.store }

    /// The objects of the registry, where there is one; a server is not asked whether it is there.
    private func objectsToRead() throws -> RegistryObjects? {
        if let openRegistry { return openRegistry.objects }
        guard let location = try? registryLocation() else { return nil }
        return location.isRemote ? try registryObjects() : try registryIfThere()?.objects
    }

    /// Whether the registry is known to hold a pack; nothing is known of one that was not asked for its id.
    private func knownPacks() throws -> @Sendable (PackName) throws -> Bool {
        guard let registry = openRegistry, registry.location.isRemote else { return { _ in false } }
        let (catalog, id) = (try catalog, registry.info.id)
        return { try catalog.isPresent($0, in: id) }
    }

    /// Runs a verb: a damaged database is moved away and the verb runs once more, and every error is explained.
    func verb<Result>(_ body: () throws -> Result) throws -> Result {
        try explained {
            do { return try body() } catch let error as DatabaseError where error.isCorrupt {
                try setCatalogAside()
                return try body()
            }
        }
    }
}

/// Runs `body` and gives errors of the lower layers in words.
func explained<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw RegError.explaining(error) }
}
