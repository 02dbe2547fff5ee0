// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCache
internal import RegFiles
internal import RegHash
internal import RegProcess

extension Session {
    /// Where this host's cache is: `REG_CACHE`, else in the user's cache directory; nil where there is no home.
    var hostCachePath: BytePath? {
        if let path = environment["REG_CACHE"], !path.isEmpty {
            return absolute(BytePath(path), from: options.directory)
        }
        let base =
            environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : BytePath($0) }
            ?? environment["HOME"].flatMap { $0.isEmpty ? nil : BytePath($0).appending(".cache") }
        return base?.appending("reg")
    }

    /// The cache's quota in bytes: environment, the user's settings; nil for the standard.
    private func hostCacheQuota() throws -> UInt64? {
        if let bytes = environment["REG_CACHE_QUOTA"], !bytes.isEmpty {
            let text = String(decoding: bytes, as: UTF8.self)
            guard let quota = StoreQuota.byteCount(text) else {
                throw RegError.notAQuota("REG_CACHE_QUOTA", text)
            }
            return quota
        }
        return try userSettings()?.cacheQuota
    }

    /// This host's cache; nil, with a notice, where there can be none.
    func hostCache() throws -> HostCache? {
        let quota = try hostCacheQuota()
        guard let path = hostCachePath else { return nil }
        do { return try HostCache.open(at: path, quota: quota) } catch {
            let reason = RegError.explaining(error).message
            options.notice("no cache is used: \(reason); REG_CACHE names another directory")
            return nil
        }
    }
}

extension RegError {
    static func cache(_ error: CacheError) -> RegError {
        let elsewhere = "name another directory: REG_CACHE"
        return switch error {
        case .notOwn(let path):
            RegError(
                .local, "\(printable(path)) belongs to another user, or others may write it", hint: elsewhere)
        case .onNetwork(let path):
            RegError(
                .local, "\(printable(path)) is on a network file system, where no cache can be",
                hint: elsewhere)
        case .wrongRows(let digest, let why):
            RegError(.corrupt, "tree \(digest.short)… is not what its digest says: \(why)")
        case .noRoom(let needed, let limit):
            RegError(
                .local, "the cache has no room for \(needed) bytes within \(limit)",
                hint: "make room, or raise REG_CACHE_QUOTA")
        case .notBrought(let path, let why):
            RegError(.corrupt, "\(printable(path)) did not come as it should: \(why)")
        case .taken(let path):
            RegError(.conflict, "\(printable(path)) is in the way")
        case .changed(let digest):
            RegError(
                .local, "file \(digest.short)… of the cache was changed while it was in use",
                hint: "try again")
        }
    }
}
