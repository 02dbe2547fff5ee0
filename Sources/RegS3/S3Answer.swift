// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHTTP
internal import RegXML

/// What a server says is wrong.
struct S3Failure: Equatable {
    let status: Int
    /// `NoSuchKey`, `SlowDown`, …; empty where the body says nothing.
    let code: String
    /// Of the server: printable, cut.
    let message: String
    /// The region that the bucket is in, where the server tells.
    let region: String?
    /// Seconds that the server asks to wait.
    let retryAfter: Int?
    /// The server's time, seconds since 1970.
    let serverTime: Int64?

    init(_ answer: HTTPAnswer) {
        status = answer.status
        let root = try? XMLReader.read(answer.body)
        let error = root?.name == "Error" ? root : root?["Error"]
        code = String((error?["Code"]?.text ?? "").prefix(100))
        message = printable(String((error?["Message"]?.text ?? "").prefix(300)))
        let headers = answer.head.headers
        region = (headers["x-amz-bucket-region"] ?? error?["Region"]?.text).map {
            printable(String($0.prefix(60)))
        }
        retryAfter = headers["retry-after"].flatMap { Int($0) }
        serverTime = headers["date"].flatMap(httpTime)
    }

    /// As it reads in a message: status, code and the words of the server.
    var text: String {
        var text = String(status)
        if !code.isEmpty { text += " \(printable(code))" }
        if !message.isEmpty { text += ": \(message)" }
        return text
    }
}

/// The time that `Sun, 06 Nov 1994 08:49:37 GMT` names, in seconds since 1970; nil for anything else.
func httpTime(_ text: String) -> Int64? {
    let parts = text.split { " ,:".contains($0) }
    guard parts.count >= 7, let day = Int64(parts[1]), let year = Int64(parts[3]),
        (1970...9999).contains(year),
        let hour = Int64(parts[4]), let minute = Int64(parts[5]), let second = Int64(parts[6]),
        (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard let index = months.firstIndex(of: String(parts[2])) else { return nil }
    // Days since 1970-01-01, counted in years that begin in March.
    let month = Int64(index) + 1
    let shifted = year - (month <= 2 ? 1 : 0)
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    return days * 86_400 + hour * 3600 + minute * 60 + second
}
