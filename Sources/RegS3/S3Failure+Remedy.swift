// SPDX-License-Identifier: Apache-2.0
internal import RegStore

extension S3Failure {
    /// What may help.
    enum Remedy: Equatable {
        case none
        /// To send it again after a while; longer where the server asks to be spared.
        case wait(isSparing: Bool)
        /// To send it once more: it was damaged on its way.
        case sendOnce
        case renewCredentials
        /// To sign with the server's time, in seconds since 1970.
        case setClock(Int64)
    }

    /// `isHead`: whether the answer could have no body that says more.
    func remedy(isHead: Bool) -> Remedy {
        switch code {
        case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests":
            return .wait(isSparing: true)
        case "RequestTimeout", "InternalError", "ServiceUnavailable", "ConditionalRequestConflict",
            "OperationAborted":
            return .wait(isSparing: false)
        case "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody": return .sendOnce
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestExpired":
            return .renewCredentials
        case "RequestTimeTooSkewed": return serverTime.map { .setClock($0) } ?? .none
        default: break
        }
        switch status {
        case 429: return .wait(isSparing: true)
        case 503: return .wait(isSparing: retryAfter != nil)
        case 408, 409, 500, 502, 504: return .wait(isSparing: false)
        case 403 where isHead: return .renewCredentials
        default: return .none
        }
    }

    /// What kind of error it is where nothing helped, and what to do then.
    func meaning(for bucket: Bucket) -> (RemoteError.Kind, hint: String?) {
        switch status {
        case 301, 302, 303, 307, 308:
            let place = region.map { "set AWS_REGION=\($0)" } ?? "name the bucket's own endpoint and region"
            return (.unavailable, "redirects are not followed; \(place)")
        case 400 where code == "AuthorizationHeaderMalformed":
            return (.unavailable, region.map { "the bucket is in another region: set AWS_REGION=\($0)" })
        case 404 where code == "NoSuchBucket":
            return (.notFound, "make the bucket first, or correct its name")
        case 403 where code == "RequestTimeTooSkewed":
            return (.denied, "set this machine's clock: the server does not accept its time")
        case 400 where remedy(isHead: false) == .renewCredentials:
            return (.denied, "the credentials have ended: get new ones, then run the same command again")
        case 403 where ["SignatureDoesNotMatch", "InvalidAccessKeyId"].contains(code):
            return (.denied, "check the access key and its secret (AWS_ACCESS_KEY_ID, AWS_PROFILE)")
        case 401, 403: return (.denied, "ask whoever looks after \(bucket.location) for access")
        case 501: return (.incapable, nil)
        default: return (.unavailable, nil)
        }
    }
}
