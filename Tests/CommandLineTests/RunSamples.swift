// SPDX-License-Identifier: Apache-2.0

import RegHash
import RegJSON
import RegLock
import RegLog
import RegMetrics

@testable import RegKit

extension Sample {
    private static let output = Operation.Run.Output(name: name("model"), version: 12, digest: digest)

    private static func run(_ state: RunSummary.State, exit: UInt8?, author: String) -> RunSummary {
        var metrics = Metrics()
        metrics["epoch"] = Metrics.Value(30)
        metrics["loss"] = Metrics.Value(0.31415926535)
        metrics["val.accuracy"] = Metrics.Value(0.9625)
        return RunSummary(
            id: .random(), attempt: 1, pin: digest, state: state, exit: exit,
            started: "2026-11-22T17:45:15Z", ended: nil, metrics: metrics,
            outputs: [
                output, Operation.Run.Output(name: name("predictions"), version: 3, digest: digest),
            ], original: nil, job: steering, author: author, commit: commit.hex)
    }

    private static let ada = "Ada Lovelace <ada@example.org>"

    static let runs = RunListReport(
        runs: [
            run(.recorded(.succeeded), exit: 0, author: ada), run(.recorded(.failed), exit: 3, author: ada),
            run(.running, exit: nil, author: steering),
        ], isCut: true)

    static let runDetails = RunDetails(
        summary: run(.recorded(.succeeded), exit: 0, author: steering), record: 18, pin: nil,
        inputs: [
            .init(name: name("data"), version: 2, digest: digest),
            .init(name: name("other"), version: nil, digest: digest),
        ], archive: digest,
        description: ["command": ["train", .string(steering)], "problems": [.string(steering)]])
}
