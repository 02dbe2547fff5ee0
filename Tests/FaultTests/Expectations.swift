// SPDX-License-Identifier: Apache-2.0
import RegTesting
import Testing

/// Exit codes that a failure may have; never one of a crash.
func expectFailure(
    _ outcome: Command.Outcome, _ codes: Set<Int32>, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let isExpected = outcome.code.map { codes.contains($0) } ?? false
    #expect(
        isExpected, "\(what): \(outcome.ending), not \(codes.sorted()): \(outcome.errorText)",
        sourceLocation: sourceLocation)
}
