// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles

/// Where immutable objects live: a directory, and later a bucket.
///
/// Calls block; they may come from several threads at once. Names appear whole or not at all, and an object that has
/// its name survives a power cut (or is the server's to keep).
package protocol ObjectStore: Sendable {
    /// The place as its users write it, without secrets.
    var location: String { get }

    /// All bytes of a small object; nil where there is none.
    ///
    /// - Throws: `tooLarge` above `limit` bytes, before they are read.
    func read(_ key: ObjectKey, limit: Int) throws(StoreError) -> [UInt8]?

    /// Fills `buffer` from `offset` on.
    ///
    /// - Throws: `notFound`; `short` where the object ends before the buffer is full.
    func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
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

    /// Starts a large object; `buffer` is used until the writer is finished or dropped.
    func writer(for key: ObjectKey, buffer: LargeFileWriter.Buffer) throws(StoreError) -> any ObjectWriter

    /// The file in which a writer's object grows, and which stays when the process is killed; nil where there is none.
    func unfinishedFile(of key: ObjectKey) -> BytePath?

    /// Makes an object from a finished immutable file, without a copy where that can be.
    func create(_ key: ObjectKey, fromFileAt path: BytePath) throws(StoreError)
}

/// A large object in the making; it gets its name in `finish`, and leaves nothing when dropped before.
package protocol ObjectWriter: AnyObject {
    func append(_ bytes: UnsafeRawBufferPointer) throws(StoreError)
    func finish() throws(StoreError)
}

extension ObjectStore {
    package var listsFromAnyName: Bool { false }

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

    /// Whether nobody knows what became of the request.
    package var isUnanswered: Bool {
        if case .file(let error) = self { error.isUnanswered } else { false }
    }
}
