// SPDX-License-Identifier: Apache-2.0
internal import RegFiles
internal import RegHTTP
internal import RegHash
package import RegStore
internal import Synchronization

/// Objects of a bucket below a prefix.
///
/// Every object is made with `If-None-Match: *`, so that nothing is ever replaced where the server keeps to it.
package final class S3Store: ObjectStore {
    let client: S3Client
    let options: S3Options
    /// Whether uploads have been cut off: what is sent then goes in small parts.
    let isUnsteady = Atomic<Bool>(false)
    let gate = UploadGate()

    package init(
        _ bucket: Bucket, _ options: S3Options, credentials: any CredentialSource
    ) throws(StoreError) {
        self.options = options
        let wasCutOff = try onFiles { () throws(FileError) in try options.uploadNotes?.hasAny() ?? false }
        isUnsteady.store(wasCutOff, ordering: .relaxed)
        client = S3Client(bucket, options, credentials: credentials)
    }

    /// Whether this machine is the only one that writes.
    package var isSingleWriter: Bool { options.singleWriterLock != nil }

    /// The server, as a URL.
    package var endpoint: String { client.bucket.endpoint.text }

    /// Whether that is Amazon's own for the region.
    package var isAmazon: Bool { client.bucket.endpoint == Endpoint.amazon(region: region) }

    package var region: String { client.bucket.region }

    /// Requests at one time.
    package var connectionCount: Int { options.connections }

    /// Where packs lie until they are sent.
    package var spool: DirectoryStore { DirectoryStore(root: options.spool) }

    package var location: String { client.bucket.location }

    package var traffic: StoreTraffic? {
        StoreTraffic(requestCount: client.requestCount, retryCount: client.retryCount)
    }

    func key(_ key: ObjectKey) -> String { client.bucket.key(key) }

    /// What a request is for, with the object's whole name.
    func purpose(_ verb: String, _ key: ObjectKey) -> String { "\(verb) \(location)/\(key)" }

    // MARK: Reading

    package func read(_ key: ObjectKey, limit: Int, _ mode: ReadMode) throws(StoreError) -> [UInt8]? {
        var request = S3Request(.get, self.key(key), purpose: purpose("read", key))
        request.answers = [404]
        request.limit = S3Request.shortLimit
        request.reusesConnection = mode == .usual
        // A 404 may be that of the bucket; a body that is longer than its limit must not be waited for.
        let sink = Latest<WholeObject>()
        request.sink = { sink.next(WholeObject(limit: limit)) }
        do {
            let answer = try client.send(request)
            if answer.status == 404 {
                try checkBucket(answer, request)
                return nil
            }
            return sink.value?.bytes ?? []
        } catch {
            if sink.value?.isTooLong == true { throw .tooLarge(key: key, location: location, limit: limit) }
            throw error
        }
    }

    package func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ mode: ReadMode,
        arrived: (Int) -> Void
    ) throws(StoreError) {
        if buffer.count == 0 {
            guard let size = try size(of: key) else { throw .notFound(key: key, location: location) }
            guard size >= offset else { throw .short(key: key, location: location, expected: offset) }
            return
        }
        var failure: StoreError?
        withoutActuallyEscaping(arrived) { arrived in
            let range = RangeProgress(offset: offset, buffer: buffer, arrived: arrived)
            do throws(StoreError) { try read(key, range, mode) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func read(_ key: ObjectKey, _ range: RangeProgress, _ mode: ReadMode) throws(StoreError) {
        while !range.isComplete {
            var request = rangeRequest(key, range)
            request.reusesConnection = mode == .usual
            request.hedge = { attempt in
                HTTPHedge(after: self.options.hedgeDelay) {
                    guard !range.isComplete else { return nil }
                    self.client.countHedge()
                    var second = self.rangeRequest(key, range)
                    second.reusesConnection = false
                    return (attempt.sign(second), RangeSink(range))
                }
            }
            let answer = try client.send(request)
            switch answer.status {
            case 404:
                try checkBucket(answer, request)
                throw .notFound(key: key, location: location)
            case 416: throw .short(key: key, location: location, expected: range.end)
            default: if range.isShort { throw .short(key: key, location: location, expected: range.end) }
            }
        }
    }

    /// The request for what is still missing of a range.
    private func rangeRequest(_ key: ObjectKey, _ range: RangeProgress) -> S3Request {
        let (first, last) = (range.next, range.end - 1)
        var request = S3Request(.get, self.key(key), purpose: purpose("read bytes \(first)-\(last) of", key))
        request.range = { range.next...range.end - 1 }
        request.answers = [404, 416]
        request.sink = { RangeSink(range) }
        request.isDone = { range.isComplete }
        request.isWhole = { _ in range.isComplete || range.isShort }
        request.hasAdvanced = { range.hasAdvanced() }
        return request
    }

    package func size(of key: ObjectKey) throws(StoreError) -> UInt64? {
        var request = S3Request(.head, self.key(key), purpose: purpose("look for", key))
        request.answers = [404]
        request.limit = S3Request.shortLimit
        let answer = try client.send(request)
        if answer.status == 404 {
            try checkBucket(answer, request)
            return nil
        }
        guard let size = answer.http.head.headers["content-length"].flatMap({ UInt64($0) }) else {
            throw .remote(RemoteError(.unavailable, "\(client.bucket.host) does not say how long \(key) is"))
        }
        return size
    }

    /// Makes sure that what is missing is the object and not the bucket.
    private func checkBucket(_ answer: S3Answer, _ request: S3Request) throws(StoreError) {
        let failure = S3Failure(answer.http)
        guard failure.code == "NoSuchBucket" else { return }
        let (kind, hint) = failure.meaning(for: client.bucket)
        throw .remote(
            RemoteError(
                kind, "cannot \(request.purpose) on \(client.bucket.host): \(failure.text)", hint: hint))
    }
}

/// The sink of the last attempt.
private final class Latest<Value> {
    private(set) var value: Value?

    func next(_ value: Value) -> Value {
        self.value = value
        return value
    }
}
