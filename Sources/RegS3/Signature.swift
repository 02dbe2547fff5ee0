// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHTTP
internal import RegHash

/// Signs requests with AWS Signature Version 4.
///
/// Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference. For S3 paths are encoded once
/// and taken as they are; other services have them encoded twice.
package struct Signature: Sendable {
    package let credentials: Credentials
    package let region: String
    package let service: String

    package init(_ credentials: Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// What is signed of a request, apart from its headers; path and query items are not encoded yet.
    package struct Target: Sendable {
        package let host: String
        package let path: [UInt8]
        package let query: [(name: String, value: String)]

        package init(host: String, path: [UInt8], query: [(name: String, value: String)] = []) {
            self.host = host
            self.path = path
            self.query = query
        }

        package var encodedPath: String { percentEncoded(path, keeping: "/") }

        /// Sorted by encoded name, then value, as it is signed and sent.
        package var encodedQuery: String {
            query.map { (percentEncoded(Array($0.name.utf8)), percentEncoded(Array($0.value.utf8))) }
                .sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        }
    }

    /// The headers to send: `headers`, the date, the body's hash, the session token, and the signature over them all.
    ///
    /// `time`: seconds since 1970.
    package func sign(
        _ method: HTTPRequest.Method, _ target: Target, headers: HTTPHeaders, bodyHash: String, time: Int64
    ) -> HTTPHeaders {
        let date = SigningDate(time)
        var signed = headers
        signed.add("x-amz-content-sha256", bodyHash)
        signed.add("x-amz-date", date.text)
        if let token = credentials.sessionToken { signed.add("x-amz-security-token", token) }
        var canonical = signed.fields.map { ($0.name.lowercased(), Signature.collapsed($0.value)) }
        canonical.append(("host", target.host))
        canonical.sort { $0.0 < $1.0 }
        let names = canonical.map(\.0).joined(separator: ";")
        let path =
            service == "s3"
            ? target.encodedPath : percentEncoded(Array(target.encodedPath.utf8), keeping: "/")
        let request = [
            method.rawValue, path, target.encodedQuery, canonical.map { "\($0.0):\($0.1)\n" }.joined(), names,
            bodyHash,
        ].joined(separator: "\n")
        let scope = "\(date.day)/\(region)/\(service)/aws4_request"
        let text = ["AWS4-HMAC-SHA256", date.text, scope, SHA256.digest(of: Array(request.utf8)).hex]
            .joined(separator: "\n")
        let signature = hex(hmacSHA256(key: key(for: date), Array(text.utf8)))
        signed.add(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
        )
        return signed
    }

    private func key(for date: SigningDate) -> [UInt8] {
        [date.day, region, service, "aws4_request"].reduce(Array("AWS4\(credentials.secretKey)".utf8)) {
            key, part in
            hmacSHA256(key: key, Array(part.utf8))
        }
    }

    /// A header's value with blanks trimmed, and runs of them made one.
    private static func collapsed(_ value: String) -> String {
        value.split { " \t\n\r\u{b}\u{c}".contains($0) }.joined(separator: " ")
    }
}

/// Percent-encoding by RFC 3986: all but letters, digits, `-._~` and `kept`.
package func percentEncoded(_ bytes: [UInt8], keeping kept: StaticString = "") -> String {
    var text = ""
    for byte in bytes {
        let isPlain =
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                true
            default: kept.withUTF8Buffer { $0.contains(byte) }
            }
        if isPlain {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            text += "%" + hex([byte]).uppercased()
        }
    }
    return text
}

/// A time as signatures have it: `20150830T123600Z`, and its day.
struct SigningDate {
    let text: String
    let day: String

    /// `time`: seconds since 1970.
    init(_ time: Int64) {
        let (days, second) = time.quotientAndRemainderFloored(dividingBy: 86_400)
        let (year, month, dayOfMonth) = SigningDate.date(ofDay: days)
        day = SigningDate.padded(year, 4) + SigningDate.padded(month, 2) + SigningDate.padded(dayOfMonth, 2)
        let clock = [second / 3600, second / 60 % 60, second % 60].map { SigningDate.padded($0, 2) }.joined()
        text = "\(day)T\(clock)Z"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// The Gregorian date of a day since 1970-01-01, counted in eras of 400 years that begin in March.
    private static func date(ofDay days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).quotientAndRemainderFloored(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func quotientAndRemainderFloored(dividingBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
