// SPDX-License-Identifier: Apache-2.0
internal import RegFiles
internal import RegHTTP
internal import RegHash
internal import RegJobs
package import RegStore

extension S3Store {
    /// Tries what a registry needs of the server, on objects of its own, which are removed where that is allowed.
    package func probe() throws(StoreError) -> [StoreCheck] {
        let raced = ObjectKey.probe(.random())
        let bytes = Array("reg tries what this server does; this object may be removed\n".utf8)
        var checks = [try createOnly(raced)]
        let key = ObjectKey.probe(.random())
        _ = try client.send(creation(key, .bytes(bytes), hash: SHA256.digest(of: bytes)))
        checks.append(try reading(key, bytes))
        checks.append(try ranges(key, bytes))
        checks.append(try listing(key))
        checks.append(try payloadHash())
        checks.append(try clock(key))
        for key in [raced, key] { try remove(key) }
        return checks
    }

    /// Eight creations of one object at one time: exactly one may win, and a ninth may not.
    private func createOnly(_ key: ObjectKey) throws(StoreError) -> StoreCheck {
        let won = try concurrently(Array(0..<8), threads: 8) { number throws(StoreError) in
            let bytes = Array("writer \(number)\n".utf8)
            let request = self.creation(key, .bytes(bytes), hash: SHA256.digest(of: bytes))
            return try self.client.send(request).status != 412
        }
        let count = won.count { $0 }
        return StoreCheck(
            "create-only", .writing, count == 1,
            count == 1
                ? "of 8 creations of one object at one time, one won"
                : "of 8 creations of one object at one time, \(count) won: objects are replaced")
    }

    private func reading(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> StoreCheck {
        let found = try read(key, limit: bytes.count) == bytes
        return StoreCheck(
            "read after write", .writing, found,
            found ? "a new object is there at once" : "a new object is not there at once")
    }

    private func ranges(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> StoreCheck {
        var request = S3Request(.get, self.key(key), purpose: purpose("read", key))
        request.headers.add("range", "bytes=4-9")
        let answer = try client.send(request).http
        let isRange = answer.body == Array(bytes[4...9])
        let status = answer.status == 206 ? "" : ", with status \(answer.status) instead of 206"
        return StoreCheck(
            "ranges", .reading, isRange,
            isRange
                ? "6 bytes asked for, 6 bytes sent\(status)"
                : "6 bytes asked for, \(answer.body.count) sent: pulls fetch more than they need")
    }

    private func listing(_ key: ObjectKey) throws(StoreError) -> StoreCheck {
        let isListed = try names(in: .probes, after: nil, limit: nil).contains(key.name)
        return StoreCheck(
            "listing", .writing, isListed,
            isListed ? "a new object is listed at once" : "a new object is not listed at once")
    }

    /// A body that is not the one that was signed.
    private func payloadHash() throws(StoreError) -> StoreCheck {
        let key = ObjectKey.probe(.random())
        var request = creation(key, .bytes([1]), hash: SHA256.digest(of: [2]))
        request.answers = [400, 403, 412]
        let isRefused = try client.send(request).status == 400
        try remove(key)
        return StoreCheck(
            "payload hash", .safety, isRefused,
            isRefused
                ? "a body other than the signed one is refused"
                : "a body other than the signed one is stored; reg checks all it reads")
    }

    private func clock(_ key: ObjectKey) throws(StoreError) -> StoreCheck {
        var request = S3Request(.head, self.key(key), purpose: purpose("look for", key))
        request.limit = S3Request.shortLimit
        let headers = try client.send(request).http.head.headers
        guard let now = headers["date"].flatMap(httpTime),
            let changed = headers["last-modified"].flatMap(httpTime)
        else { return StoreCheck("clock", .safety, false, "the server does not tell its time") }
        let here = nanosecondsNow() / 1_000_000_000
        let isSane = abs(now - changed) < 300 && abs(now - here) < 300
        return StoreCheck(
            "clock", .safety, isSane,
            "the server is \(now - here) s ahead of this machine, a new object \(now - changed) s old")
    }

    private func remove(_ key: ObjectKey) throws(StoreError) {
        var request = S3Request(.delete, self.key(key), purpose: purpose("remove", key))
        request.limit = S3Request.shortLimit
        // Who only pushes need not be allowed to; and it may not be there.
        request.answers = [401, 403, 404]
        _ = try client.send(request)
    }
}
