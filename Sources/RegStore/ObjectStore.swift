// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles

/// Where immutable objects live: a directory or a bucket.
///
/// Calls block; they may come from several threads at once. Names appear whole or not at all, and an object that has
/// its name survives a power cut (or is the server's to keep).
package protocol ObjectStore: Sendable {
    /// The place as its users write it, without secrets.
    var location: String { get }

    /// All bytes of a small object; nil where there is none.
    ///
    /// - Throws: `tooLarge` above `limit` bytes, before they are read.
    func read(_ key: ObjectKey, limit: Int, _ mode: ReadMode) throws(StoreError) -> [UInt8]?

    /// Fills `buffer` from `offset` on.
    ///
    /// `arrived`: called on this thread as bytes come, with how many are there from the buffer's start on.
    /// - Throws: `notFound`; `short` where the object ends before the buffer is full.
    func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ mode: ReadMode,
        arrived: (Int) -> Void
    ) throws(StoreError)

    /// The size in bytes; nil where there is no such object.
    func size(of key: ObjectKey) throws(StoreError) -> UInt64?

    /// The last parts of the names that begin with `prefix` and, where given, come after `name`; sorted.
    ///
    /// `limit`: the most names to give, the first ones; nil for all.
    func names(in prefix: ObjectPrefix, after name: String?, limit: Int?) throws(StoreError) -> [String]

    /// Whether a listing that begins late, or ends early, costs no more than the names that it gives.
    ///
    /// A bucket begins to list anywhere; of a directory all names are read each time.
    var listsFromAnyName: Bool { get }

    /// Makes a small object, only if there is none of that name; false where there is.
    func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool

    /// Makes sure that ``create(_:_:)`` replaces nothing, by trying it on an object that is there with these bytes.
    ///
    /// - Throws: `incapable` where the server replaced it.
    func checkCreatesOnly(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError)

    /// Starts a large object; `buffer` is used until the writer is finished or dropped.
    func writer(for key: ObjectKey, buffer: LargeFileWriter.Buffer) throws(StoreError) -> any ObjectWriter

    /// How many large objects are finished at one time, in the background.
    var writesAtOnce: Int { get }

    /// The file in which a writer's object grows, and which stays when the process is killed; nil where there is none.
    func unfinishedFile(of key: ObjectKey) -> BytePath?

    /// Makes an object from a finished immutable file, without a copy where that can be.
    func create(_ key: ObjectKey, fromFileAt path: BytePath) throws(StoreError)

    /// What was sent to a server; nil where there is none.
    var traffic: StoreTraffic? { get }
}

/// A large object in the making; it gets its name in `finish`, and leaves nothing when dropped before.
package protocol ObjectWriter: AnyObject {
    func append(_ bytes: UnsafeRawBufferPointer) throws(StoreError)
    func finish() throws(StoreError)
    /// Removes what a later run would go on with, if this one were killed: the object is known now.
    func forget() throws(StoreError)
}

extension ObjectWriter {
    package func forget() throws(StoreError) {}
}

/// How an object is read.
package enum ReadMode: Sendable {
    case usual
    /// After bytes that came damaged: by another connection than theirs.
    case again
}

/// What a store has sent to a server so far.
package struct StoreTraffic: Equatable, Sendable {
    package let requestCount: UInt64
    /// How many of the requests repeated one that had failed.
    package let retryCount: UInt64

    package init(requestCount: UInt64, retryCount: UInt64) {
        self.requestCount = requestCount
        self.retryCount = retryCount
    }
}

extension ObjectStore {
    package var listsFromAnyName: Bool { false }
    package var traffic: StoreTraffic? { nil }
    package var writesAtOnce: Int { 1 }

    /// Nothing to look for: the store itself sees to it.
    package func checkCreatesOnly(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) {}

    package func read(_ key: ObjectKey, limit: Int) throws(StoreError) -> [UInt8]? {
        try read(key, limit: limit, .usual)
    }

    package func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StoreError) {
        try read(key, at: offset, into: buffer, .usual) { _ in }
    }

    /// All names that begin with `prefix` and, where given, come after `name`; sorted.
    package func names(in prefix: ObjectPrefix, after name: String?) throws(StoreError) -> [String] {
        try names(in: prefix, after: name, limit: nil)
    }

    package func unfinishedFile(of key: ObjectKey) -> BytePath? { nil }
}

/// Why a store did not do what it was asked.
package enum StoreError: Error, Equatable {
    case notFound(key: ObjectKey, location: String)
    case tooLarge(key: ObjectKey, location: String, limit: Int)
    /// The object ends before byte `expected`.
    case short(key: ObjectKey, location: String, expected: UInt64)
    /// The place of the object is taken by something that is not one.
    case taken(key: ObjectKey, location: String)
    /// Somebody's permission to use the store is missing.
    case denied(FileError)
    /// The system's word on a file or directory.
    case file(FileError)
    /// A server's, or that of the way there.
    case remote(RemoteError)

    /// Whether nobody knows what became of the request.
    package var isUnanswered: Bool {
        switch self {
        case .file(let error): error.isUnanswered
        case .remote(let error): error.kind == .unanswered
        default: false
        }
    }
}

/// Runs `body`; what goes wrong with files is told as an error of a store.
package func onFiles<Result>(_ body: () throws(FileError) -> Result) throws(StoreError) -> Result {
    do { return try body() } catch { throw .file(error) }
}
