// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
internal import RegHTTP
internal import RegHash
package import RegStore
internal import Synchronization

extension S3Store {
    package func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        let body = HTTPRequest.Body.bytes(bytes)
        var request = creation(key, body, hash: SHA256.digest(of: bytes))
        request.limit = S3Request.shortLimit
        guard let lock = options.singleWriterLock else { return try create(request) }
        // The server would replace what is there: nobody else on this machine may come between looking and writing.
        let hold = try onFiles { () throws(FileError) in
            let file = try Descriptor.open(lock, .lock)
            try file.lock(.exclusive)
            return file
        }
        defer { withExtendedLifetime(hold) {} }
        if try size(of: key) != nil { return false }
        return try create(request)
    }

    package func checkCreatesOnly(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) {
        if options.singleWriterLock != nil { return }
        var request = creation(key, .bytes(bytes), hash: SHA256.digest(of: bytes))
        request.limit = S3Request.shortLimit
        if try client.send(request).status == 412 { return }
        throw .remote(
            RemoteError(
                .incapable,
                "\(client.bucket.host) replaces objects that it was asked to create only where there are none: two writers would lose each other's records",
                hint: nil
            ))
    }

    /// Whether the server says that the object is new.
    private func create(_ request: S3Request) throws(StoreError) -> Bool {
        try client.send(request).status != 412
    }

    /// A request that makes an object where there is none.
    func creation(_ key: ObjectKey, _ body: HTTPRequest.Body, hash: Digest) -> S3Request {
        var request = S3Request(.put, self.key(key), purpose: purpose("write", key))
        request.body = body
        request.bodyHash = hash.hex
        request.headers.add("if-none-match", "*")
        request.headers.add("x-amz-checksum-sha256", base64(hash.bytes))
        request.headers = withStorageHeaders(request.headers)
        request.answers = [412]
        return request
    }

    func withStorageHeaders(_ headers: HTTPHeaders) -> HTTPHeaders {
        var headers = headers
        if let storageClass = options.storageClass { headers.add("x-amz-storage-class", storageClass) }
        if let encryption = options.encryption { headers.add("x-amz-server-side-encryption", encryption) }
        if let key = options.encryptionKey {
            headers.add("x-amz-server-side-encryption-aws-kms-key-id", key)
        }
        return headers
    }

    // MARK: Large objects

    package func writer(
        for key: ObjectKey, buffer: LargeFileWriter.Buffer
    ) throws(StoreError) -> any ObjectWriter {
        SpoolWriter(
            try spool.writer(for: key, buffer: buffer), key: key, store: self)
    }

    package var writesAtOnce: Int { UploadGate.most }

    package func unfinishedFile(of key: ObjectKey) -> BytePath? {
        spool.unfinishedFile(of: key)
    }

    package func create(_ key: ObjectKey, fromFileAt path: BytePath) throws(StoreError) {
        let (file, size, hash) = try onFiles { () throws(FileError) in
            let file = try Descriptor.open(path, .read)
            let size = try file.status().size
            return (file, size, try sha256(of: file, offset: 0, byteCount: size))
        }
        try send(key, file, byteCount: size, hash: hash)
        if path == spool.path(of: key) {
            try spool.remove(key)
        }
    }

    /// Sends an object from a file: in one request, or in parts where an earlier attempt was cut off.
    fileprivate func send(
        _ key: ObjectKey, _ file: Descriptor, byteCount: UInt64, hash: Digest
    ) throws(StoreError) {
        let notes = options.uploadNotes
        gate.enter(isUnsteady: isUnsteady.load(ordering: .relaxed))
        defer { gate.leave() }
        if let note = try onFiles({ () throws(FileError) in try notes?.note(of: key, at: location) }) {
            if try size(of: key) != byteCount {
                try sendInParts(key, file, byteCount: byteCount, resuming: note.uploadID)
            }
        } else if isUnsteady.load(ordering: .relaxed), byteCount > S3Store.partByteCount {
            // A run that was cut off later may have sent it.
            if try size(of: key) != byteCount {
                try noteStart(of: key)
                try sendInParts(key, file, byteCount: byteCount, resuming: nil)
            }
        } else {
            try noteStart(of: key)
            try sendWhole(key, file, byteCount: byteCount, hash: hash)
        }
        try onFiles { () throws(FileError) in try notes?.remove(key, at: location) }
    }

    private func noteStart(of key: ObjectKey) throws(StoreError) {
        try onFiles { () throws(FileError) in
            try options.uploadNotes?.set(UploadNotes.Note(uploadID: nil), of: key, at: location)
        }
    }

    private func sendWhole(
        _ key: ObjectKey, _ file: Descriptor, byteCount: UInt64, hash: Digest
    ) throws(StoreError) {
        var request = creation(key, .file(file, offset: 0, byteCount: byteCount), hash: hash)
        // What is cut off on its way goes in parts from then on, so that little is sent again.
        request.givesUpWhenCut = byteCount > S3Store.partByteCount
        do {
            if try client.send(request).status == 412 { try checkIsThere(key) }
        } catch {
            guard case .remote(let reason) = error, reason.kind == .unanswered, request.givesUpWhenCut else {
                throw error
            }
            isUnsteady.store(true, ordering: .relaxed)
            if try size(of: key) == byteCount { return }
            try sendInParts(key, file, byteCount: byteCount, resuming: nil)
        }
    }
}

extension S3Store {
    /// Makes sure that an object is there which a server says to have already.
    func checkIsThere(_ key: ObjectKey) throws(StoreError) {
        if try size(of: key) != nil { return }
        throw .remote(
            RemoteError(
                .unavailable,
                "\(client.bucket.host) says that \(location)/\(key) is there already, and does not show it"
            ))
    }
}

/// Collects a large object in a file of the spool, and sends it when it is finished.
private final class SpoolWriter: ObjectWriter {
    private let file: any ObjectWriter
    private let key: ObjectKey
    private let store: S3Store
    private let hasher = SHA256()
    private var byteCount: UInt64 = 0

    init(_ file: any ObjectWriter, key: ObjectKey, store: S3Store) {
        self.file = file
        self.key = key
        self.store = store
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        try file.append(bytes)
        hasher.update(bytes)
        byteCount += UInt64(bytes.count)
    }

    func finish() throws(StoreError) {
        try file.finish()
        let spool = store.spool
        let spooled = try onFiles { () throws(FileError) in try Descriptor.open(spool.path(of: key), .read) }
        do { try store.send(key, spooled, byteCount: byteCount, hash: hasher.finish()) } catch {
            // Where nothing is noted, no later run would find it.
            if store.options.uploadNotes == nil { try? spool.remove(key) }
            throw error
        }
    }

    func forget() throws(StoreError) { try store.spool.remove(key) }
}

/// The SHA-256 of a part of a file.
func sha256(of file: Descriptor, offset: UInt64, byteCount: UInt64) throws(FileError) -> Digest {
    let hasher = SHA256()
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { block.deallocate() }
    var done: UInt64 = 0
    while done < byteCount {
        let wanted = Int(min(UInt64(block.count), byteCount - done))
        let count = try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: block[..<wanted]), at: offset + done)
        if count == 0 { break }  // it has become shorter: what is sent has another hash, and is refused
        hasher.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
        done += UInt64(count)
    }
    return hasher.finish()
}

/// Standard base64, with padding.
func base64(_ bytes: some Sequence<UInt8>) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        let group = rest.prefix(3)
        rest = rest.dropFirst(3)
        let word = group.reduce(0 as UInt32) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
        for place in 0..<4 {
            text.append(
                place <= group.count ? letters[Int(word >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}
