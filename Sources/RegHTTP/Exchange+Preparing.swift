// SPDX-License-Identifier: Apache-2.0
internal import CCurl

extension Exchange {
    /// Tells libcurl what to send, within which limits, and whom to call.
    func prepare(
        _ request: HTTPRequest, into sink: (any HTTPSink)?, _ options: HTTPClient.Options
    ) throws(HTTPError) {
        begin(request, into: sink)
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
        // 0 would stand for no limit.
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(options.connectLimit / .milliseconds(1))))
        try set(CURLOPT_LOW_SPEED_LIMIT, 1024)
        try set(CURLOPT_LOW_SPEED_TIME, max(1, Int(options.stallLimit / .seconds(1))))
        try set(CURLOPT_BUFFERSIZE, 512 << 10)
        try set(CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        if let limit = request.limit { try set(CURLOPT_TIMEOUT_MS, max(1, Int(limit / .milliseconds(1)))) }
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
        // Without it libcurl would wait for "100 Continue".
        try add("Expect:")
        for (name, value) in headers.fields {
            // As libcurl takes a header without a value; after a colon it would leave it out.
            let line = value.isEmpty ? "\(name);" : "\(name): \(value)"
            guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw .malformed("the header \(name) has control characters")
            }
            try add(line)
        }
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
            return exchange(context)?.takeHeaderLine(bytes) == true ? bytes.count : 0
        }
        reg_easy_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return exchange(context)?.takeBody(bytes) == true ? bytes.count : 0
        }
        reg_easy_set_data_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
            let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
            return exchange(context)?.giveBody(buffer) ?? Int(CURL_READFUNC_ABORT)
        }
        reg_easy_set_seek_callback(easy) { context, offset, origin in
            let isDone = origin == SEEK_SET && offset == 0 && exchange(context)?.rewind() == true
            return isDone ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
        }
    }
}

private func exchange(_ context: UnsafeMutableRawPointer?) -> Exchange? {
    context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
}
