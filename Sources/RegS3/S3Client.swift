// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegFiles
internal import RegHTTP
internal import RegJobs
internal import RegStore
internal import RegXML
internal import Synchronization

/// Sends requests to one bucket: signed, again where that may help, not too many at a time.
final class S3Client: Sendable {
    let bucket: Bucket
    private let http: HTTPClient
    private let credentials: any CredentialSource
    private let policy: RetryPolicy
    private let throttle: Throttle
    private let budget = RetryBudget()
    private let onSent: @Sendable (UInt64) -> Void
    /// What the server's clock is ahead of this machine's, in seconds, once it has objected.
    private let clockOffset = Atomic<Int64>(0)
    private let requests = Atomic<UInt64>(0)
    private let retries = Atomic<UInt64>(0)

    init(_ bucket: Bucket, _ options: S3Options, credentials: any CredentialSource) {
        self.bucket = bucket
        self.credentials = credentials
        policy = options.retries
        throttle = Throttle(most: options.connections)
        http = HTTPClient(options.http)
        onSent = options.onSent
    }

    var requestCount: UInt64 { requests.load(ordering: .relaxed) }
    var retryCount: UInt64 { retries.load(ordering: .relaxed) }

    /// Sends `request` until there is an answer that it allows.
    func send(_ request: S3Request) throws(StoreError) -> S3Answer {
        var course = Course(deadline: .now + policy.limit, used: try nextCredentials(replacing: nil))
        while true {
            course.attempt += 1
            let outcome = attempt(request, with: course.used)
            if request.hasAdvanced() { course.attempt = 1 }
            switch outcome {
            case .success(let answer) where answer.head.isSuccess || request.answers.contains(answer.status):
                if let problem = try hidden(in: answer, of: request) {
                    try prepareAgain(after: problem, request, &course)
                    continue
                }
                budget.giveBack()
                return S3Answer(http: answer, mayBeRepeated: course.mayBeRepeated)
            case .success(let answer): try prepareAgain(after: S3Failure(answer), request, &course)
            case .failure where request.isDone():
                let head = HTTPHead(status: 206, headers: HTTPHeaders())
                return S3Answer(http: HTTPAnswer(head: head, body: []), mayBeRepeated: course.mayBeRepeated)
            case .failure(let error): try prepareAgain(after: error, request, &course)
            }
        }
    }

    /// What is known of the attempts so far.
    private struct Course {
        let deadline: ContinuousClock.Instant
        var used: Credentials
        var attempt = 0
        var mayBeRepeated = false
        var hasRenewedCredentials = false
        var hasSetClock = false
        var hasSentDamaged = false
    }

    private func attempt(_ request: S3Request, with used: Credentials) -> Result<HTTPAnswer, HTTPError> {
        throttle.enter()
        defer { throttle.leave() }
        requests.add(1, ordering: .relaxed)
        let attempt = S3Attempt { request in self.signed(request, used) }
        do throws(HTTPError) {
            let answer = try http.send(
                signed(request, used), into: request.sink?(), hedge: request.hedge?(attempt))
            guard !answer.head.isSuccess || request.isWhole(answer.head) else {
                return .failure(.broken("the answer is not whole"))
            }
            return .success(answer)
        } catch { return .failure(error) }
    }

    /// Counts a request that is sent beside another one.
    func countHedge() {
        requests.add(1, ordering: .relaxed)
        retries.add(1, ordering: .relaxed)
    }

    private func signed(_ request: S3Request, _ used: Credentials) -> HTTPRequest {
        let target = bucket.target(request.key, query: request.query)
        let time = nanosecondsNow() / 1_000_000_000 + clockOffset.load(ordering: .relaxed)
        var wanted = request.headers
        if let range = request.range?() {
            wanted.add("range", "bytes=\(range.lowerBound)-\(range.upperBound)")
        }
        var headers = Signature(used, region: bucket.region).sign(
            request.method, target, headers: wanted, bodyHash: request.bodyHash, time: time)
        headers.add("Accept-Encoding", "identity")
        var http = HTTPRequest(
            request.method, bucket.url(target), headers: headers, body: request.body, limit: request.limit)
        http.reusesConnection = request.reusesConnection
        if case .file = request.body { http.onSent = onSent }
        return http
    }

    private func nextCredentials(replacing rejected: Credentials?) throws(StoreError) -> Credentials {
        do { return try credentials.credentials(replacing: rejected) } catch {
            throw .remote(RemoteError(.denied, error.message, hint: error.hint))
        }
    }

    /// An error that comes in the body of a success, as that of a multipart upload may.
    private func hidden(in answer: HTTPAnswer, of request: S3Request) throws(StoreError) -> S3Failure? {
        guard request.method == .post, answer.head.isSuccess,
            (try? XMLReader.read(answer.body))?.name == "Error"
        else { return nil }
        var failure = answer
        failure.head.status = 500
        return S3Failure(failure)
    }

    // MARK: After a failure

    /// Readies the next attempt, or throws where there is to be none.
    private func prepareAgain(
        after failure: S3Failure, _ request: S3Request, _ course: inout Course
    ) throws(StoreError) {
        switch failure.remedy(isHead: request.method == .head) {
        case .none: throw .remote(error(failure, request))
        case .renewCredentials where !course.hasRenewedCredentials:
            course.hasRenewedCredentials = true
            let renewed = try nextCredentials(replacing: course.used)
            guard renewed != course.used else { throw .remote(error(failure, request)) }
            course.used = renewed
            retries.add(1, ordering: .relaxed)
        case .setClock(let time) where !course.hasSetClock:
            course.hasSetClock = true
            clockOffset.store(time - nanosecondsNow() / 1_000_000_000, ordering: .relaxed)
            retries.add(1, ordering: .relaxed)
        case .sendOnce where !course.hasSentDamaged:
            course.hasSentDamaged = true
            try wait(course, isSparing: false, askedFor: nil) { error(failure, request) }
        case .wait(let isSparing):
            if isSparing { throttle.slowDown() }
            // A gateway that gave up may have passed the request on.
            if [500, 502, 504].contains(failure.status) { course.mayBeRepeated = true }
            try wait(course, isSparing: isSparing, askedFor: failure.retryAfter) {
                error(failure, request, course)
            }
        case .renewCredentials, .setClock, .sendOnce: throw .remote(error(failure, request))
        }
    }

    private func prepareAgain(
        after error: HTTPError, _ request: S3Request, _ course: inout Course
    ) throws(StoreError) {
        if error.mayHaveArrived { course.mayBeRepeated = true }
        switch error {
        case .file(let error): throw .file(error)
        case .unusable(let reason):
            throw .remote(
                RemoteError(
                    .unavailable, "cannot \(request.purpose): \(reason)", hint: "install libcurl4"))
        case .untrusted, .malformed, .tooLong, .stopped: throw .remote(self.error(error, request, course))
        case .unreachable, .broken, .stalled, .unexpected:
            if request.givesUpWhenCut, error.mayHaveArrived {
                throw .remote(self.error(error, request, course))
            }
            try wait(course, isSparing: false, askedFor: nil) { self.error(error, request, course) }
        }
    }

    private func wait(
        _ course: Course, isSparing: Bool, askedFor: Int?, orThrow error: () -> RemoteError
    ) throws(StoreError) {
        let wait = policy.wait(after: course.attempt, isSparing: isSparing, askedFor: askedFor)
        guard course.attempt < policy.attempts, .now + wait < course.deadline, budget.take() else {
            throw .remote(error())
        }
        retries.add(1, ordering: .relaxed)
        sleep(for: wait)
    }

    private func error(_ failure: S3Failure, _ request: S3Request, _ course: Course? = nil) -> RemoteError {
        let message = "cannot \(request.purpose) on \(bucket.host): \(failure.text)"
        let (kind, hint) = failure.meaning(for: bucket)
        let isOpen = kind == .unavailable && course?.mayBeRepeated == true
        return RemoteError(isOpen ? .unanswered : kind, message + tries(course), hint: hint)
    }

    private func error(_ error: HTTPError, _ request: S3Request, _ course: Course) -> RemoteError {
        RemoteError(
            course.mayBeRepeated ? .unanswered : .unavailable,
            "cannot \(request.purpose) on \(bucket.host): \(error.text)" + tries(course), hint: error.hint)
    }

    private func tries(_ course: Course?) -> String {
        course.map { $0.attempt > 1 ? " (after \($0.attempt) attempts)" : "" } ?? ""
    }
}

/// Blocks the thread.
private func sleep(for duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var rest = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    var left = timespec()
    while nanosleep(&rest, &left) != 0, errno == EINTR { rest = left }
}

extension HTTPError {
    fileprivate var text: String {
        switch self {
        case .unusable(let reason), .malformed(let reason), .unreachable(let reason), .untrusted(let reason),
            .broken(let reason), .stalled(let reason), .unexpected(let reason):
            reason
        case .tooLong(let limit): "the answer is longer than \(limit) bytes"
        case .file(let error): error.message
        case .stopped: "it was stopped"
        }
    }

    fileprivate var hint: String? {
        switch self {
        case .untrusted:
            "if the server's certificate is signed by your own authority, name its file: AWS_CA_BUNDLE"
        case .unreachable, .broken, .stalled:
            "check the network and the endpoint, then run the same command again"
        default: nil
        }
    }
}
