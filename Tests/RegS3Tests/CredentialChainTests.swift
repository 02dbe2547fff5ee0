// SPDX-License-Identifier: Apache-2.0
import RegJobs
import RegS3
import RegTesting
import Testing

/// Gives what the test says, and counts how often it was asked.
private final class ScriptedProvider: CredentialProvider {
    private let answers: Monitor<[Finding?]>
    private let count = Monitor(0)
    /// Called in the midst of a search.
    private let meanwhile: @Sendable () -> Void

    init(_ answers: [Finding?], meanwhile: @escaping @Sendable () -> Void = {}) {
        self.answers = Monitor(answers)
        self.meanwhile = meanwhile
    }

    var callCount: Int { count.with { $0 } }

    func find() throws(CredentialError) -> Finding {
        count.with { $0 += 1 }
        meanwhile()
        let answer = answers.with { $0.count > 1 ? $0.removeFirst() : $0.first ?? nil }
        guard let answer else { throw CredentialError("scripted: it fails") }
        return answer
    }
}

@Suite struct CredentialChainTests {
    private static func key(_ name: String, until expiry: Int64? = nil) -> Credentials {
        Credentials(accessKey: name, secretKey: "secret", expiry: expiry)
    }
    private let one = key("ONE", until: 1000)
    private let two = key("TWO", until: 5000)

    @Test func nothingIsLookedAtBeforeSomebodyAsks() throws {
        let provider = ScriptedProvider([.credentials(one)])
        let chain = CredentialChain([provider], now: { 0 })
        #expect(provider.callCount == 0)
        #expect(try chain.credentials() == one)
        #expect(try chain.credentials() == one)
        #expect(provider.callCount == 1)
    }

    @Test func theFirstPlaceThatHasSomeCounts() throws {
        let last = ScriptedProvider([.credentials(two)])
        let chain = CredentialChain(
            [ScriptedProvider([.nothing("a: b")]), ScriptedProvider([.credentials(one)]), last], now: { 0 })
        #expect(try chain.credentials() == one)
        #expect(last.callCount == 0)
    }

    @Test func aPlaceThatFailsEndsTheSearch() throws {
        let last = ScriptedProvider([.credentials(two)])
        let chain = CredentialChain(
            [ScriptedProvider([.nothing("a: b")]), ScriptedProvider([nil]), last], now: { 0 })
        #expect(throws: CredentialError("no credentials for the bucket: a: b; scripted: it fails")) {
            try chain.credentials()
        }
        #expect(last.callCount == 0)
    }

    @Test func othersAreGotBeforeTheEnd() throws {
        let clock = Monitor(Int64(0))
        let provider = ScriptedProvider([.credentials(one), .credentials(two)])
        let chain = CredentialChain([provider], now: { clock.with { $0 } })
        _ = try chain.credentials()
        clock.with { $0 = 1000 - CredentialChain.margin - 1 }
        #expect(try chain.credentials() == one)
        clock.with { $0 += 1 }
        #expect(try chain.credentials() == two)
        #expect(provider.callCount == 2)
    }

    /// A place that is out of order does not end what still works, and is not asked for each request.
    @Test func oldOnesStayWhileTheyAreGood() throws {
        let clock = Monitor(Int64(0))
        let provider = ScriptedProvider([.credentials(one), nil])
        let chain = CredentialChain([provider], now: { clock.with { $0 } })
        _ = try chain.credentials()
        clock.with { $0 = 800 }
        #expect(try chain.credentials() == one)
        #expect(try chain.credentials() == one)
        #expect(provider.callCount == 2)
        clock.with { $0 += CredentialChain.pause }
        #expect(try chain.credentials() == one)
        #expect(provider.callCount == 3)
        clock.with { $0 = 1000 }
        #expect(throws: CredentialError.self) { try chain.credentials() }
    }

    @Test func refusedOnesAreReplaced() throws {
        let provider = ScriptedProvider([.credentials(one), .credentials(two)])
        let chain = CredentialChain([provider], now: { 0 })
        let first = try chain.credentials()
        #expect(try chain.credentials(replacing: first) == two)
        // Somebody else's request with the old ones was refused as well.
        #expect(try chain.credentials(replacing: first) == two)
        #expect(provider.callCount == 2)
    }

    @Test func refusedOnesThatAreTheOnlyOnesStay() throws {
        let provider = ScriptedProvider([.credentials(one)])
        let chain = CredentialChain([provider], now: { 0 })
        let first = try chain.credentials()
        for _ in 0..<3 { #expect(try chain.credentials(replacing: first) == one) }
        #expect(provider.callCount == 2)
    }

    @Test func manyThreadsSearchOnce() throws {
        let arrived = Monitor(0)
        // The search ends only when all others have come as near as they can.
        let provider = ScriptedProvider([.credentials(one)]) { arrived.wait { $0 == 8 ? () : nil } }
        let chain = CredentialChain([provider], now: { 0 })
        let found = try onThreads(8) { _ in
            arrived.with(notifying: true) { $0 += 1 }
            return try chain.credentials()
        }
        #expect(found == Array(repeating: one, count: 8))
        #expect(provider.callCount == 1)
    }

    @Test func credentialsDoNotShow() {
        let secret = Credentials(accessKey: "AKIDCANARY", secretKey: "canary", sessionToken: "canary")
        var dumped = ""
        dump(secret, to: &dumped)
        dump([secret], to: &dumped)
        let shown =
            "\(secret) \(String(reflecting: secret)) \(dumped) \([secret]) \(Finding.credentials(secret))"
        #expect(!shown.lowercased().contains("canary"))
        #expect(shown.contains("AKID"))
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:34:56Z", 951_827_696),
        ("2026-07-27T10:00:00.123Z", 1_785_146_400),
        ("2026-07-27T12:00:00+02:00", 1_785_146_400), ("2026-07-27T08:30:00-0130", 1_785_146_400),
        ("2100-03-01T00:00:00Z", 4_107_542_400),
    ]) func readsTimes(text: String, seconds: Int64) { #expect(secondsSince1970(text) == seconds) }

    @Test(arguments: [
        "", "2026", "2026-07-27T10:00:00", "2026-13-27T10:00:00Z", "2026-07-27T24:00:00Z",
        "2026-07-27T10:00:00+1",
        "２026-07-27T10:00:00Z", "2026-07-27T10:00:00+-1-1", "-026-07-27T10:00:00Z", "2026-07-27X10:00:00Z",
    ]) func refusesWhatIsNoTime(text: String) { #expect(secondsSince1970(text) == nil) }
}
