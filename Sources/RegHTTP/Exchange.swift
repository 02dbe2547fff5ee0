// SPDX-License-Identifier: Apache-2.0
internal import CCurl
internal import RegFiles

/// One request and its answer, on a libcurl easy handle that serves one after another.
final class Exchange {
    let easy: UnsafeMutableRawPointer
    private var lines: UnsafeMutablePointer<curl_slist>?
    private var request: HTTPRequest?
    private var sink: (any HTTPSink)?
    /// How much of the request's body has gone.
    private var sentCount: UInt64 = 0
    private var head: HTTPHead?
    private var headByteCount = 0
    private var isHeadWhole = false
    private var body: [UInt8] = []
    /// What a callback ran into: the error to tell rather than libcurl's.
    private var failure: HTTPError?
    /// When the last byte came, or the exchange began.
    private(set) var lastArrival = ContinuousClock.now

    private static let headLimit = 64 << 10
    /// The most of a success's body that is kept where there is no sink, in bytes.
    private static let bodyLimit = 32 << 20

    init() throws(HTTPError) {
        guard let easy = reg_easy_init() else { throw .unusable("libcurl has no memory") }
        self.easy = easy
    }

    deinit {
        reg_easy_cleanup(easy)
        reg_list_free(lines)
    }

    /// Readies the handle for another request; open connections stay.
    func clear() {
        reg_easy_reset(easy)
        reg_list_free(lines)
        lines = nil
        request = nil
        sink = nil
        sentCount = 0
        clearAnswer()
    }

    private func clearAnswer() {
        head = nil
        headByteCount = 0
        isHeadWhole = false
        body = []
        failure = nil
    }

    /// How it ended, with libcurl's word on it.
    func result(_ code: CURLcode) -> Result<HTTPAnswer, HTTPError> {
        if let failure { return .failure(failure) }
        guard code == CURLE_OK else { return .failure(error(for: code)) }
        guard let head, isHeadWhole else { return .failure(.broken("the answer is no HTTP")) }
        return .success(HTTPAnswer(head: head, body: body))
    }

    private func error(for code: CURLcode) -> HTTPError {
        let reason = String(cString: reg_easy_strerror(code))
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
            return .unreachable(reason)
        case CURLE_SSL_CONNECT_ERROR: return .unreachable(reason)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return .untrusted(reason)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_NOT_BUILT_IN: return .malformed(reason)
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_UNKNOWN_OPTION: return .unusable(reason)
        case CURLE_OPERATION_TIMEDOUT:
            var connected = 0
            _ = reg_easy_get_long(easy, CURLINFO_NUM_CONNECTS, &connected)
            var size = 0
            _ = reg_easy_get_long(easy, CURLINFO_REQUEST_SIZE, &size)
            return size == 0 ? .unreachable(reason) : .stalled(reason)
        default: return .broken(reason)
        }
    }

    // MARK: What libcurl calls

    func takeHeaderLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headByteCount += bytes.count
        lastArrival = .now
        guard headByteCount <= Exchange.headLimit else {
            return fail(.tooLong(limit: UInt64(Exchange.headLimit)))
        }
        let line = String(decoding: bytes, as: UTF8.self).trimmingLineEnd()
        if line.hasPrefix("HTTP/") { return begin(line) }
        guard line.isEmpty else {
            if let colon = line.firstIndex(of: ":") {
                head?.headers.add(
                    String(line[..<colon]), String(line[line.index(after: colon)...]).trimmingBlanks())
            }
            return true
        }
        guard let head, head.status >= 200, !isHeadWhole else { return true }
        isHeadWhole = true
        guard head.isSuccess, let sink else { return true }
        do throws(HTTPError) { try sink.begin(head) } catch { return fail(error) }
        return true
    }

    /// An answer begins, the last one or one before it (100 Continue).
    private func begin(_ statusLine: String) -> Bool {
        let words = statusLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
        guard words.count >= 2, let status = Int(words[1]) else {
            return fail(.broken("the answer is no HTTP"))
        }
        clearAnswer()
        head = HTTPHead(status: status, headers: HTTPHeaders())
        return true
    }

    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastArrival = .now
        guard let head else { return fail(.broken("the answer is no HTTP")) }
        guard head.isSuccess else {
            body += bytes.prefix(HTTPAnswer.errorBodyLimit - body.count)
            return true
        }
        if let sink {
            do throws(HTTPError) { try sink.take(bytes) } catch { return fail(error) }
            return true
        }
        guard body.count + bytes.count <= Exchange.bodyLimit else {
            return fail(.tooLong(limit: UInt64(Exchange.bodyLimit)))
        }
        body += bytes
        return true
    }

    /// Fills `buffer` with what comes next of the request's body; nil where that cannot be read.
    func giveBody(_ buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard let request else { return 0 }
        let count = Int(min(UInt64(buffer.count), request.body.byteCount - sentCount))
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        switch request.body {
        case .none: return 0
        case .bytes(let bytes): part.copyBytes(from: bytes[Int(sentCount)..<Int(sentCount) + count])
        case .file(let file, let offset, _):
            do throws(FileError) {
                guard try file.read(into: part, at: offset + sentCount) == count else {
                    return fail(.broken("the file to be sent has become shorter")) ? 0 : nil
                }
            } catch { return fail(.file(error)) ? 0 : nil }
        }
        sentCount += UInt64(count)
        return count
    }

    func rewind(to offset: curl_off_t) -> Bool {
        guard let request, let offset = UInt64(exactly: offset), offset <= request.body.byteCount else {
            return false
        }
        sentCount = offset
        return true
    }

    /// Always false: what libcurl is told to end the transfer.
    private func fail(_ error: HTTPError) -> Bool {
        failure = failure ?? error
        return false
    }

    // MARK: Preparing

    func prepare(
        _ request: HTTPRequest, into sink: (any HTTPSink)?, _ options: HTTPClient.Options
    ) throws(HTTPError) {
        self.request = request
        self.sink = sink
        lastArrival = .now
        try set(CURLOPT_URL, request.url)
        try set(CURLOPT_USERAGENT, options.userAgent)
        try setSafety(options)
        try setLimits(request, options)
        try setMethod(request)
        try setHeaders(request.headers)
        let context = Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_READDATA, CURLOPT_SEEKDATA] {
            reg_easy_set_pointer(easy, option, context)
        }
        setCallbacks()
    }

    private func setSafety(_ options: HTTPClient.Options) throws(HTTPError) {
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_NETRC, 0)
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        try set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let file = options.certificateFile { try set(CURLOPT_CAINFO, file) }
    }

    private func setLimits(_ request: HTTPRequest, _ options: HTTPClient.Options) throws(HTTPError) {
        try set(CURLOPT_CONNECTTIMEOUT_MS, Int(options.connectLimit / .milliseconds(1)))
        try set(CURLOPT_LOW_SPEED_LIMIT, 1024)
        try set(CURLOPT_LOW_SPEED_TIME, max(1, Int(options.stallLimit / .seconds(1))))
        try set(CURLOPT_BUFFERSIZE, 512 << 10)
        try set(CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        if let limit = request.limit { try set(CURLOPT_TIMEOUT_MS, Int(limit / .milliseconds(1))) }
        if !request.reusesConnection { try set(CURLOPT_FRESH_CONNECT, 1) }
        if !request.usesProxy { try set(CURLOPT_NOPROXY, "*") }
    }

    private func setMethod(_ request: HTTPRequest) throws(HTTPError) {
        switch request.method {
        case .get: try set(CURLOPT_HTTPGET, 1)
        case .head: try set(CURLOPT_NOBODY, 1)
        case .delete: try set(CURLOPT_CUSTOMREQUEST, "DELETE")
        case .put, .post:
            try set(CURLOPT_UPLOAD, 1)
            try set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
            let code = reg_easy_set_size(
                easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(clamping: request.body.byteCount))
            guard code == CURLE_OK else { throw .unusable("libcurl takes no body") }
        }
    }

    private func setHeaders(_ headers: HTTPHeaders) throws(HTTPError) {
        // An empty one keeps libcurl from waiting for "100 Continue".
        for (name, value) in headers.fields + [("Expect", "")] {
            let line = "\(name): \(value)"
            guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw .malformed("the header \(name) has control characters")
            }
            guard let longer = reg_list_append(lines, value.isEmpty ? "\(name):" : line) else {
                throw .unusable("libcurl has no memory")
            }
            lines = longer
        }
        reg_easy_set_pointer(easy, CURLOPT_HTTPHEADER, lines)
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        guard reg_easy_set_long(easy, option, value) == CURLE_OK else {
            throw .unusable("libcurl does not know option \(option.rawValue)")
        }
    }

    private func set(_ option: CURLoption, _ value: String) throws(HTTPError) {
        guard !value.utf8.contains(0), reg_easy_set_string(easy, option, value) == CURLE_OK else {
            throw .malformed("libcurl does not take a value of option \(option.rawValue)")
        }
    }

    private func setCallbacks() {
        reg_easy_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Exchange.from(context)?.takeHeaderLine(bytes) == true ? bytes.count : 0
        }
        reg_easy_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Exchange.from(context)?.takeBody(bytes) == true ? bytes.count : 0
        }
        reg_easy_set_data_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
            let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
            return Exchange.from(context)?.giveBody(buffer) ?? Int(CURL_READFUNC_ABORT)
        }
        reg_easy_set_seek_callback(easy) { context, offset, origin in
            let isDone = origin == SEEK_SET && Exchange.from(context)?.rewind(to: offset) == true
            return isDone ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_CANTSEEK
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Exchange? {
        context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
    }
}

extension String {
    fileprivate func trimmingLineEnd() -> String {
        var text = Substring(self).utf8
        while let last = text.last, last == 0x0d || last == 0x0a { text.removeLast() }
        return String(text) ?? ""
    }

    fileprivate func trimmingBlanks() -> String {
        var text = Substring(self).utf8
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return String(text) ?? ""
    }
}
