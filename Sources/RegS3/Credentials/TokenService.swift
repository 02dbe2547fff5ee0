// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegHTTP
internal import RegHash
internal import RegXML

/// The Security Token Service of AWS (STS), which lends the credentials of a role.
///
/// Source: AWS Security Token Service API Reference, version 2011-06-15.
struct TokenService: Sendable {
    let client: HTTPClient
    /// The URL that the user has set; nil for Amazon's.
    let configured: String?
    let region: String?
    /// Seconds since 1970.
    let now: @Sendable () -> Int64

    private static let answerLimit = 256 << 10
    private static let tries = 3

    /// A role to take on.
    struct Role {
        let arn: String
        var sessionName: String?
        var externalID: String?
        /// How long the credentials are to last, in seconds.
        var duration: String?
    }

    /// Credentials of `role` for whoever has `token`, from an identity provider of the role's account.
    func credentials(of role: Role, webIdentity token: String) throws(CredentialError) -> Credentials {
        let fields = fields("AssumeRoleWithWebIdentity", role) + [("WebIdentityToken", token)]
        return try credentials(fields, signedBy: nil, secret: token)
    }

    /// Credentials of `role` for the owner of `source`.
    func credentials(of role: Role, for source: Credentials) throws(CredentialError) -> Credentials {
        let external = role.externalID.map { [("ExternalId", $0)] } ?? []
        return try credentials(
            fields("AssumeRole", role) + external, signedBy: source, secret: source.secretKey)
    }

    private func fields(_ action: String, _ role: Role) -> [(String, String)] {
        [
            ("Action", action), ("Version", "2011-06-15"), ("RoleArn", role.arn),
            ("RoleSessionName", role.sessionName ?? "reg-\(now())"),
        ] + (role.duration.map { [("DurationSeconds", $0)] } ?? [])
    }

    private func credentials(
        _ fields: [(String, String)], signedBy source: Credentials?, secret: String
    ) throws(CredentialError) -> Credentials {
        let endpoint = try endpoint()
        let place = "STS (\(printable(endpoint.url.endpoint.text)))"
        let action = fields.first?.1 ?? ""
        let body = Array(
            fields.map { "\($0.0)=\(percentEncoded(Array($0.1.utf8)))" }.joined(separator: "&").utf8)
        do throws(CredentialError) {
            return try TokenService.read(try send(body, to: endpoint, signedBy: source), action)
        } catch {
            // A server can say back what it was told.
            let isLeak = error.message.contains(secret) || error.message.contains(printable(secret))
            throw CredentialError("\(place): \(isLeak ? "it refuses" : error.message)")
        }
    }

    private func endpoint() throws(CredentialError) -> (url: ServiceURL, region: String) {
        if let configured {
            guard let url = ServiceURL(configured), url.isPrivate() else {
                throw CredentialError("STS: the URL that is set for it is neither https nor of this machine")
            }
            return (url, region ?? "us-east-1")
        }
        let isName = region?.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-".utf8.contains($0) }
        let suffix = region?.hasPrefix("cn-") == true ? "amazonaws.com.cn" : "amazonaws.com"
        let host = region.map { "sts.\($0).\(suffix)" } ?? "sts.amazonaws.com"
        guard isName != false, let url = ServiceURL("https://\(host)") else {
            throw CredentialError("STS: the region is none")
        }
        return (url, region ?? "us-east-1")
    }

    private enum Outcome {
        case answer([UInt8])
        case refusal(String)
        /// The same request may do better a little later.
        case mishap(String)
    }

    private func send(
        _ body: [UInt8], to endpoint: (url: ServiceURL, region: String), signedBy source: Credentials?
    ) throws(CredentialError) -> [UInt8] {
        var number = 1
        while true {
            switch attempt(request(body, to: endpoint, signedBy: source)) {
            case .answer(let bytes): return bytes
            case .mishap where number < TokenService.tries: break
            case .mishap(let reason), .refusal(let reason): throw CredentialError(reason)
            }
            usleep(
                useconds_t(
                    RetryPolicy().wait(after: number, isSparing: false, askedFor: nil) / .microseconds(1)))
            number += 1
        }
    }

    private func attempt(_ request: HTTPRequest) -> Outcome {
        let sink = WholeObject(limit: TokenService.answerLimit)
        do throws(HTTPError) {
            let answer = try client.send(request, into: sink)
            if answer.head.isSuccess { return .answer(sink.bytes) }
            let failure = S3Failure(answer)
            let isPassing =
                answer.status >= 500 || answer.status == 429 || failure.code == "IDPCommunicationError"
            return isPassing ? .mishap(failure.text) : .refusal(failure.text)
        } catch {
            return error.isFinal ? .refusal(error.reason) : .mishap(error.reason)
        }
    }

    private func request(
        _ body: [UInt8], to endpoint: (url: ServiceURL, region: String), signedBy source: Credentials?
    ) -> HTTPRequest {
        let url = endpoint.url
        let path = url.target.isEmpty ? "/" : url.target
        var headers = HTTPHeaders([("Content-Type", "application/x-www-form-urlencoded")])
        if let source {
            headers = Signature(source, region: endpoint.region, service: "sts").sign(
                .post, Signature.Target(host: url.endpoint.host, path: Array(path.utf8)), headers: headers,
                bodyHash: SHA256.digest(of: body).hex, time: now())
        }
        return HTTPRequest(
            .post, url.endpoint.text + path, headers: headers, body: .bytes(body), limit: .seconds(10))
    }

    /// The credentials in an answer; of an answer that has none, nothing is said, since secrets may be in it.
    private static func read(_ bytes: [UInt8], _ action: String) throws(CredentialError) -> Credentials {
        guard let root = try? XMLReader.read(bytes) else { throw CredentialError("its answer is no XML") }
        guard let found = root["\(action)Result"]?["Credentials"], let key = found["AccessKeyId"]?.text,
            let secret = found["SecretAccessKey"]?.text, let token = found["SessionToken"]?.text,
            let expiry = found["Expiration"].flatMap({ secondsSince1970($0.text) })
        else { throw CredentialError("its answer holds no credentials") }
        return try .checked(
            "the answer", accessKey: key, secretKey: secret, sessionToken: token, expiry: expiry)
    }
}
