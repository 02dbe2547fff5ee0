// SPDX-License-Identifier: Apache-2.0
internal import RegJobs

/// Looks for credentials in one place after another, keeps what it finds, and looks again before it ends.
///
/// Nothing is looked at before somebody asks. One thread looks at a time; others wait for what it finds.
package final class CredentialChain: CredentialSource {
    /// How long before their end credentials are replaced, in seconds.
    package static let margin: Int64 = 300
    /// How long after a search nobody searches again for credentials that are about to end, in seconds.
    package static let pause: Int64 = 30

    private struct State {
        var current: Credentials?
        /// Why the last search found none.
        var failure: CredentialError?
        var isSearching = false
        /// When the last search ended, in seconds since 1970.
        var lastSearch: Int64?
        /// Credentials that a server refused and a search then found again.
        var foundAgain: Credentials?
    }

    private enum Step {
        case use(Credentials)
        case fail(CredentialError)
        case search
    }

    private let providers: [any CredentialProvider]
    private let now: @Sendable () -> Int64
    private let state = Monitor(State())

    /// `now` is the time in seconds since 1970.
    package init(_ providers: [any CredentialProvider], now: @escaping @Sendable () -> Int64) {
        self.providers = providers
        self.now = now
    }

    package func credentials(replacing rejected: Credentials? = nil) throws(CredentialError) -> Credentials {
        switch nextStep(replacing: rejected) {
        case .use(let credentials): return credentials
        case .fail(let error): throw error
        case .search: return try renew(replacing: rejected)
        }
    }

    private func nextStep(replacing rejected: Credentials?) -> Step {
        var hasWaited = false
        return state.wait { state in
            if state.isSearching {
                hasWaited = true
                return nil
            }
            if hasWaited, let failure = state.failure { return .fail(failure) }
            if let current = state.current, hasWaited || isGood(current, replacing: rejected, state) {
                return .use(current)
            }
            state.isSearching = true
            return .search
        }
    }

    private func isGood(_ current: Credentials, replacing rejected: Credentials?, _ state: State) -> Bool {
        let isRecent = state.lastSearch.map { now() - $0 < CredentialChain.pause } ?? false
        if current == rejected { return isRecent && state.foundAgain == rejected }
        guard let expiry = current.expiry else { return true }
        return isRecent || expiry - now() > CredentialChain.margin
    }

    private func renew(replacing rejected: Credentials?) throws(CredentialError) -> Credentials {
        let outcome: Result<Credentials, CredentialError>
        do throws(CredentialError) { outcome = .success(try search()) } catch { outcome = .failure(error) }
        let result = state.with(notifying: true) { state -> Result<Credentials, CredentialError> in
            state.isSearching = false
            state.lastSearch = now()
            state.failure = nil
            switch outcome {
            case .success(let found):
                state.current = found
                state.foundAgain = found == rejected ? found : nil
                return .success(found)
            case .failure(let error):
                if let current = state.current, current != rejected, current.isValid(at: now()) {
                    return .success(current)
                }
                state.current = nil
                state.failure = error
                return outcome
            }
        }
        return try result.get()
    }

    private func search() throws(CredentialError) -> Credentials {
        var notes: [String] = []
        for provider in providers {
            do throws(CredentialError) {
                switch try provider.find() {
                case .credentials(let found): return found
                case .nothing(let note): notes.append(note)
                }
            } catch {
                throw CredentialError.none(notes + [error.message], hint: error.hint)
            }
        }
        throw CredentialError.none(
            notes, hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run 'aws configure'")
    }
}

extension Credentials {
    fileprivate func isValid(at time: Int64) -> Bool { expiry.map { $0 > time } ?? true }
}

extension CredentialError {
    fileprivate static func none(_ notes: [String], hint: String?) -> CredentialError {
        CredentialError("no credentials for the bucket: " + notes.joined(separator: "; "), hint: hint)
    }
}
