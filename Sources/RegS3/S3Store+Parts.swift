// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHTTP
internal import RegHash
internal import RegStore
internal import RegXML
internal import Synchronization

extension S3Store {
    /// The smallest part that servers take, but for the last.
    static let partByteCount: UInt64 = 5 << 20

    private struct Part {
        let tag: String
        let byteCount: UInt64
    }

    /// Sends an object in parts that stay on the server when this process is killed.
    ///
    /// `uploadID`: what an earlier run has begun.
    func sendInParts(
        _ key: ObjectKey, _ file: Descriptor, byteCount: UInt64, resuming uploadID: String?
    ) throws(StoreError) {
        isUnsteady.store(true, ordering: .relaxed)
        var id = uploadID
        var parts: [Int: Part] = [:]
        if let known = uploadID {
            if let found = try self.parts(of: key, known) { parts = found } else { id = nil }
        }
        let upload: String
        if let id { upload = id } else { upload = try startUpload(key) }
        let count = max(1, Int((byteCount + S3Store.partByteCount - 1) / S3Store.partByteCount))
        var tags: [String] = []
        for number in 1...count {
            let offset = UInt64(number - 1) * S3Store.partByteCount
            let size = min(S3Store.partByteCount, byteCount - offset)
            if let part = parts[number], part.byteCount == size {
                tags.append(part.tag)
            } else {
                tags.append(try sendPart(key, upload, number, file, offset: offset, byteCount: size))
            }
        }
        do { try completeUpload(key, upload, tags, byteCount: byteCount) } catch {
            // A part that arrived twice may have another tag than the one that was told.
            let found = try self.parts(of: key, upload) ?? [:]
            let newer = (1...count).compactMap { found[$0]?.tag }
            guard newer.count == count, newer != tags else { throw error }
            try completeUpload(key, upload, newer, byteCount: byteCount)
        }
    }

    private func startUpload(_ key: ObjectKey) throws(StoreError) -> String {
        var request = S3Request(.post, self.key(key), purpose: purpose("start to write", key))
        request.query = [("uploads", "")]
        request.headers = withStorageHeaders(request.headers)
        request.limit = S3Request.shortLimit
        let answer = try client.send(request)
        guard let id = (try? XMLReader.read(answer.http.body))?["UploadId"]?.text, !id.isEmpty,
            id.utf8.count <= 2048
        else {
            throw .remote(
                RemoteError(.unavailable, "\(client.bucket.host) gave no id for an upload of \(key)"))
        }
        try onFiles { () throws(FileError) in
            try options.uploadNotes?.set(UploadNotes.Note(uploadID: id), of: key, at: location)
        }
        return id
    }

    /// The parts that the server has of an upload, by number; nil where it does not know the upload.
    private func parts(of key: ObjectKey, _ upload: String) throws(StoreError) -> [Int: Part]? {
        var parts: [Int: Part] = [:]
        var marker: String?
        repeat {
            var request = S3Request(.get, self.key(key), purpose: purpose("see what was written of", key))
            request.query = [("uploadId", upload)]
            if let marker { request.query.append(("part-number-marker", marker)) }
            request.answers = [404]
            request.limit = S3Request.shortLimit
            let answer = try client.send(request)
            if answer.status == 404 { return nil }
            guard let root = try? XMLReader.read(answer.http.body) else { return nil }
            for part in root.all("Part") {
                guard let number = (part["PartNumber"]?.text).flatMap({ Int($0) }),
                    let tag = part["ETag"]?.text,
                    let size = (part["Size"]?.text).flatMap({ UInt64($0) })
                else { continue }
                parts[number] = Part(tag: tag, byteCount: size)
            }
            let next = root["IsTruncated"]?.text == "true" ? root["NextPartNumberMarker"]?.text : nil
            marker = next == marker ? nil : next
        } while marker != nil
        return parts
    }

    /// - Returns: the tag that the server gives the part.
    private func sendPart(
        _ key: ObjectKey, _ upload: String, _ number: Int, _ file: Descriptor, offset: UInt64,
        byteCount: UInt64
    ) throws(StoreError) -> String {
        var request = S3Request(.put, self.key(key), purpose: purpose("write part \(number) of", key))
        request.query = [("partNumber", String(number)), ("uploadId", upload)]
        request.body = .file(file, offset: offset, byteCount: byteCount)
        request.bodyHash = try onFiles { () throws(FileError) in
            try sha256(of: file, offset: offset, byteCount: byteCount).hex
        }
        let answer = try client.send(request)
        guard let tag = answer.http.head.headers["etag"] else {
            throw .remote(
                RemoteError(.unavailable, "\(client.bucket.host) gave no tag for part \(number) of \(key)"))
        }
        return tag
    }

    private func completeUpload(
        _ key: ObjectKey, _ upload: String, _ tags: [String], byteCount: UInt64
    ) throws(StoreError) {
        let parts = tags.enumerated().map { index, tag in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(escaped(tag))</ETag></Part>"
        }
        let body = Array("<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>".utf8)
        var request = S3Request(.post, self.key(key), purpose: purpose("finish", key))
        request.query = [("uploadId", upload)]
        request.body = .bytes(body)
        request.bodyHash = SHA256.digest(of: body).hex
        request.headers.add("if-none-match", "*")
        request.answers = [404, 412]
        let answer: S3Answer
        do { answer = try client.send(request) } catch {
            // Nobody knows: the object itself does.
            if case .remote(let reason) = error, reason.kind == .unanswered, try size(of: key) == byteCount {
                return
            }
            throw error
        }
        if answer.status == 412 {
            try checkIsThere(key)
            return abortUpload(key, upload)
        }
        guard answer.status == 404 else { return }
        // Completed by an attempt whose answer was lost, or gone.
        if try size(of: key) == byteCount { return }
        throw .remote(
            RemoteError(
                .unavailable, "\(client.bucket.host) has lost the parts of \(key)",
                hint: "run the same command again"))
    }

    /// Has the server drop the parts of an upload that nobody needs; where that fails, they stay there.
    private func abortUpload(_ key: ObjectKey, _ upload: String) {
        var request = S3Request(.delete, self.key(key), purpose: purpose("drop parts of", key))
        request.query = [("uploadId", upload)]
        request.answers = [404]
        request.limit = S3Request.shortLimit
        _ = try? client.send(request)
    }

    private func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            default: String(scalar)
            }
        }.joined()
    }
}
