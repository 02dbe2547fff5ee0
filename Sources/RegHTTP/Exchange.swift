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
    /// Of all heads and trailers that came for the request.
    private var headByteCount = 0
    private var isHeadWhole = false
    private var body: [UInt8] = []
    /// Whether the body of an error goes on after what is kept of it.
    private var isBodyCut = false
    /// What a callback ran into: the error to tell rather than libcurl's.
    private var failure: HTTPError?
    /// When the last byte came, or the exchange began.
    private(set) var lastArrival = ContinuousClock.now

    private static let headLimit = 64 << 10
    /// What a gone connection may take before that is seen, in bytes.
    private static let rewindLimit: UInt64 = 1 << 20
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

    /// What is sent, and who takes the answer.
    func begin(_ request: HTTPRequest, into sink: (any HTTPSink)?) {
        self.request = request
        self.sink = sink
        lastArrival = .now
    }

    /// Adds a line to the head of the request, as libcurl takes it.
    func add(_ line: String) throws(HTTPError) {
        guard let longer = reg_list_append(lines, line) else { throw .unusable("libcurl has no memory") }
        lines = longer
        reg_easy_set_pointer(easy, CURLOPT_HTTPHEADER, lines)
    }

    /// Readies the handle for another request; open connections stay.
    func clear() {
        reg_easy_reset(easy)
        reg_list_free(lines)
        lines = nil
        request = nil
        sink = nil
        sentCount = 0
        headByteCount = 0
        clearAnswer()
    }

    private func clearAnswer() {
        head = nil
        isHeadWhole = false
        body = []
        isBodyCut = false
        failure = nil
    }

    /// How it ended, with libcurl's word on it.
    func result(_ code: CURLcode) -> Result<HTTPAnswer, HTTPError> {
        if let failure { return .failure(failure) }
        guard code == CURLE_OK || isBodyCut else { return .failure(error(for: code)) }
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
        case CURLE_UNSUPPORTED_PROTOCOL where hasSent: return .broken("the answer is no HTTP")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_NOT_BUILT_IN: return .malformed(reason)
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_UNKNOWN_OPTION: return .unusable(reason)
        case CURLE_OPERATION_TIMEDOUT: return hasSent ? .stalled(reason) : .unreachable(reason)
        default: return .broken(reason)
        }
    }

    /// Whether the server has got anything of the request.
    private var hasSent: Bool {
        var byteCount = 0
        return reg_easy_get_long(easy, CURLINFO_REQUEST_SIZE, &byteCount) == CURLE_OK && byteCount > 0
    }

    // MARK: What libcurl calls

    func takeHeaderLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headByteCount += bytes.count
        lastArrival = .now
        guard headByteCount <= Exchange.headLimit else {
            return fail(.tooLong(limit: UInt64(Exchange.headLimit)))
        }
        // Trailers say nothing that counts.
        if isHeadWhole { return true }
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
            let rest = HTTPAnswer.errorBodyLimit - body.count
            body += bytes.prefix(rest)
            isBodyCut = bytes.count > rest
            return !isBodyCut
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
        request.onSent?(UInt64(count))
        return count
    }

    /// Whether the body can be sent from its start again: on a connection that was open before and turns out to be gone.
    ///
    /// Where more has gone, it was not: whoever asked for the request is told that it broke, and counts it.
    func rewind() -> Bool {
        guard sentCount <= Exchange.rewindLimit else { return false }
        sentCount = 0
        return true
    }

    /// Always false: what libcurl is told to end the transfer.
    private func fail(_ error: HTTPError) -> Bool {
        failure = failure ?? error
        return false
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
