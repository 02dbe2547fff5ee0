// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCache
internal import RegCatalog
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegJobs
internal import RegLock
internal import RegLog
internal import RegManifest
internal import RegPack
internal import RegProcess
internal import RegStore

extension RegError {
    /// The error of a lower layer, for people.
    static func explaining(_ error: any Error) -> RegError {
        switch error {
        case let error as RegError: error
        case let error as FileError: .file(error)
        case let error as StoreError: .store(error)
        case let error as PackError: .pack(error)
        case let error as LogError: .log(error)
        case let error as LockError: .lock(error)
        case let error as GitError: .git(error)
        case let error as DatabaseError: .database(error)
        case let error as CacheError: .cache(error)
        case is ThreadError:
            RegError(
                .local, "the system gives no more threads", hint: "raise the limit of processes (ulimit -u)")
        default: RegError(.internalError, "unexpected: \(printable(String(describing: error)))")
        }
    }

    /// What to do about an `errno`, where that is clear.
    private static func hint(for code: Int32) -> String? {
        switch code {
        case 28, 122: "make room there, then run the same command again"  // ENOSPC, EDQUOT
        case 24: "raise the limit of open files (ulimit -n)"  // EMFILE
        default: nil
        }
    }

    /// A file of the working tree that is not the one any more that was found a moment ago.
    static func changed(_ path: BytePath) -> RegError {
        RegError(
            .conflict, "\(printable(path)) changed while it was read", hint: "run the same command again")
    }

    static func git(_ error: GitError) -> RegError {
        switch error {
        case .process(.system(_, let code)), .process(.start(_, let code)):
            RegError(.local, error.message, hint: hint(for: code))
        default: RegError(.usage, error.message, hint: error.hint)
        }
    }

    static func file(_ error: FileError) -> RegError {
        if error.isUnsafePath {
            return RegError(
                .refused, "\(error.message): a part of the path is a symbolic link",
                hint:
                    "reg never follows links inside the directory that it works in; put a real directory there"
            )
        }
        return RegError(error.isOverLimit ? .refused : .local, error.message, hint: hint(for: error.code))
    }

    static func store(_ error: StoreError) -> RegError {
        switch error {
        case .notFound(let key, let location):
            RegError(
                .notFound, "\(location) has no object \(key)",
                hint: "see what it hurts: reg verify")
        case .tooLarge(let key, let location, let limit):
            RegError(.refused, "\(key) in \(location) is longer than \(limit) bytes")
        case .short(let key, let location, let expected):
            RegError(
                .corrupt, "\(key) in \(location) ends before byte \(expected)",
                hint: "see what it hurts: reg verify --data")
        case .taken(let key, let location):
            RegError(.refused, "\(key) in \(location) is not a file")
        case .denied(let error):
            RegError(.denied, error.message, hint: "ask whoever looks after the registry for access")
        case .file(let error): .file(error)
        case .remote(let error):
            RegError(
                kind(of: error), error.message,
                hint: error.hint ?? (error.kind == .incapable ? RegistryObjects.singleWriterHint : nil))
        }
    }

    private static func kind(of error: RemoteError) -> Kind {
        switch error.kind {
        // What is not a record commits nothing: whether it arrived does not matter.
        case .unavailable, .unanswered: .unavailable
        case .denied: .denied
        case .incapable: .incapable
        case .notFound: .notFound
        case .refused: .refused
        case .corrupt: .corrupt
        }
    }

    static func pack(_ error: PackError) -> RegError {
        switch error {
        case .malformed(let name, let what): RegError(.corrupt, "pack \(name.hex) is damaged: \(what)")
        case .newerVersion(let name, let what):
            RegError(.incapable, "pack \(name.hex) needs a newer reg: \(what)", hint: "update reg")
        case .indexHash(let name, let found, let expected):
            RegError(
                .corrupt, "pack \(name.hex): its index is \(found.short)…, its footer says \(expected.short)…"
            )
        case .store(let error): .store(error)
        }
    }

    static func log(_ error: LogError) -> RegError {
        switch error {
        case .damaged(let number, let what):
            RegError(
                .corrupt, "\(number == 0 ? "registry.json" : "log record \(number)") is damaged: \(what)",
                hint: "what a lock or a digest names can still be pulled; see reg verify")
        case .missing(let number, let later):
            RegError(
                .corrupt, "log record \(number) is missing, though record \(later) is there",
                hint: "nothing was written; bring the record back from a copy of the registry; see reg verify"
            )
        case .newerVersion(let what):
            RegError(.incapable, "the registry needs a newer reg: \(what)", hint: "update reg")
        case .unanswered(let number, let cause):
            RegError(
                .unknownOutcome,
                "nobody knows whether record \(number) was written: \(RegError.store(cause).message)",
                hint: "run 'reg push' again: it finds out before it writes")
        case .recordTooLarge(let byteCount):
            RegError(
                .refused, "one record would take \(byteCount) bytes, the most is \(Record.byteLimit)",
                hint: "push fewer artifacts at once")
        case .store(let error): .store(error)
        }
    }

    static func lock(_ error: LockError) -> RegError {
        switch error {
        case .conflict:
            RegError(
                .conflict, error.message,
                hint:
                    "settle it: reg resolve --ours|--theirs|--merge [NAME]; or edit it, and remove the markers"
            )
        case .unknownVersion: RegError(.incapable, error.message, hint: "update reg")
        case .tooLarge, .tooManyEntries, .unsafePath: RegError(.refused, error.message)
        case .malformed, .duplicateName, .overlap: RegError(.usage, error.message)
        }
    }

    static func database(_ error: DatabaseError) -> RegError {
        let hint: String? =
            if error.isFull {
                "make room there, then run the same command again"
            } else if error.isReadOnly {
                nil
            } else {
                "reg manifest rebuild"
            }
        return RegError(.local, "the manifest database: \(error.message)", hint: hint)
    }

    /// A manifest, or one of its pages, that cannot be followed.
    static func manifest(_ error: ManifestError, of subject: String) -> RegError {
        switch error {
        case .malformed(let what): RegError(.corrupt, "the manifest of \(subject) is damaged: \(what)")
        case .newerVersion(let what):
            RegError(.incapable, "the manifest of \(subject) needs a newer reg: \(what)", hint: "update reg")
        case .unsafePath(let path, let why):
            RegError(
                .refused, "\(subject) is refused: the path \(printable(path)) is unsafe: \(why)",
                hint: "nothing was written; ask who pushed it")
        case .overLimit(let what): RegError(.refused, "\(subject) is refused: over a limit: \(what)")
        case .treeDigest(let found, let expected):
            RegError(
                .corrupt,
                "the manifest of \(subject) lists the tree \(found.short)…, its name says \(expected.short)…")
        case .pageID(let found, let expected):
            RegError(
                .corrupt, "a page of the manifest of \(subject) is \(found.short)…, not \(expected.short)…")
        }
    }
}
