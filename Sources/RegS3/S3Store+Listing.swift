// SPDX-License-Identifier: Apache-2.0
internal import RegHTTP
package import RegStore
internal import RegXML

extension S3Store {
    package var listsFromAnyName: Bool { true }

    package func names(
        in prefix: ObjectPrefix, after name: String?, limit: Int?
    ) throws(StoreError) -> [String] {
        let start = client.bucket.below(prefix.text)
        var names: [String] = []
        var token: String?
        repeat {
            let page = try page(
                below: start, after: name.map { start + $0 }, token: token,
                limit: limit.map { $0 - names.count })
            for key in page.keys where key.hasPrefix(start) {
                let rest = String(key.dropFirst(start.count))
                if !rest.isEmpty, !rest.contains("/"), rest > (name ?? "") { names.append(rest) }
            }
            token = page.nextToken
            if let limit, names.count >= limit { break }
        } while token != nil
        let sorted = names.sorted()
        return limit.map { Array(sorted.prefix($0)) } ?? sorted
    }

    private struct Page {
        var keys: [String]
        var nextToken: String?
    }

    private func page(
        below start: String, after key: String?, token: String?, limit: Int?
    ) throws(StoreError) -> Page {
        var request = S3Request(.get, nil, purpose: "list \(location)")
        request.query = [("list-type", "2"), ("prefix", start), ("encoding-type", "url"), ("delimiter", "/")]
        if let token {
            request.query.append(("continuation-token", token))
        } else if let key {
            request.query.append(("start-after", key))
        }
        if let limit { request.query.append(("max-keys", String(max(1, min(limit, 1000))))) }
        request.limit = S3Request.shortLimit
        let answer = try client.send(request)
        do { return try S3Store.page(answer.http.body) } catch {
            throw .remote(
                RemoteError(
                    .unavailable,
                    "\(client.bucket.host) gave a list of \(location) that cannot be read: \(error.reason)"))
        }
    }

    private static func page(_ bytes: [UInt8]) throws(XMLError) -> Page {
        let root = try XMLReader.read(bytes)
        guard root.name == "ListBucketResult" else { throw XMLError(reason: "it is no list", offset: 0) }
        let isEncoded = root["EncodingType"]?.text == "url"
        var page = Page(keys: [])
        for entry in root.all("Contents") {
            guard let key = entry["Key"]?.text else {
                throw XMLError(reason: "an entry has no key", offset: 0)
            }
            // A key that is not UTF-8 is none of ours.
            if let plain = isEncoded ? percentDecoded(key) : key { page.keys.append(plain) }
        }
        page.nextToken = root["NextContinuationToken"]?.text
        if root["IsTruncated"]?.text == "true", page.nextToken == nil {
            throw XMLError(reason: "it is cut, and has no token to go on with", offset: 0)
        }
        if root["IsTruncated"]?.text == "false" { page.nextToken = nil }
        return page
    }
}

/// What percent-encoded text stands for; nil where that is no UTF-8.
func percentDecoded(_ text: String) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2,
            let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
        {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}
