// SPDX-License-Identifier: Apache-2.0

import RegBytes
import RegCatalog
import RegHash
import RegLock
import RegLog
import RegMetrics
import RegPin

@testable import RegCatalog
@testable import RegKit

private func results() -> [GateResult] {
    var holder = Metrics()
    holder["map50"] = Metrics.Value(0.8)
    var metrics = holder
    metrics["b\u{1b}"] = Metrics.Value(.nan)
    let texts = ["map50 >= current.map50", #""b\u001b" > 1"#, "nothing <= 1"]
    return texts.flatMap { text in
        let condition = try? GateCondition(text)
        return [holder, nil].compactMap { condition?.judge(metrics, holder: $0) }
    }
}

extension Sample {
    static let measured = Measured(
        metrics: {
            var metrics = Metrics()
            for index in 0..<10 { metrics["m\(index)"] = Metrics.Value(Double(index) / 3) }
            metrics["\u{7f}"] = Metrics.Value(.infinity)
            return metrics
        }(), source: .run(.random()), record: 3)

    static func promoted(record: UInt64?, from: UInt64? = 6) -> PromoteReport {
        PromoteReport(
            name: name("detector"), alias: alias("prod"), from: from, to: 7,
            judgement: PromoteReport.Judgement(
                gate: "prod", commit: commit, results: results(), source: measured, holderSource: nil),
            reason: nil, record: record, isDryRun: false, notes: [steering],
            failure: record == nil ? RegError(.gate, "no") : nil)
    }

    static let move = Promotion(
        name: name("detector"), alias: alias("prod"), record: 18, from: nil, to: 7,
        gate: Operation.Promote.Gate(
            name: steering, commit: commit.hex,
            conditions: [
                .init(text: steering, value: .nan, bound: nil, isMet: false),
                .init(text: "a > 1", value: nil, bound: 1, isMet: false),
                .init(text: "b > current.b", value: 2, bound: nil, isMet: true),
            ]), reason: steering, isRollback: false, time: "2026-11-22T17:45:15Z", author: steering)

    static let rolledBack = RollbackReport(
        name: name("detector"), alias: alias("prod"), from: 7, to: 6, record: 19)

    private static let version = Version(
        name: name("detector"), number: 7, digest: digest, type: .weights, manifest: digest, byteCount: 10,
        fileCount: 1, message: steering, record: 5)

    private static let maker = WhyReport.Maker(record: 5, author: steering, time: "2026-11-22T17:45:15Z")

    static let origin: WhyReport.Origin? = {
        let code = Pin.Tree(digest: digest, byteCount: 1, fileCount: 1)
        guard
            let pin = try? Pin(
                project: .random(), commit: commit, code: code, patch: code, lock: Lock(),
                command: ["train", steering], environment: [], image: "a@\(digest.text)", seed: 1)
        else { return nil }
        let run = RunEntry(
            id: .random(), attempt: 2, pin: pin.id, status: .failed, exit: 3, started: steering, ended: "b",
            archive: digest, metrics: Metrics(), original: .random(), job: steering, record: 5)
        let inputs = [
            WhyReport.Input(name: name("val"), digest: digest, version: nil, maker: nil, run: nil),
            WhyReport.Input(
                name: name("base"), digest: digest, version: version, maker: maker, run: .random()),
            WhyReport.Input(name: name("train"), digest: digest, version: version, maker: maker, run: nil),
        ]
        return WhyReport.Origin(run: run, maker: maker, pin: pin, inputs: inputs)
    }()

    static func explained(origin: WhyReport.Origin?) -> WhyReport {
        WhyReport(
            version: version, maker: maker, aliases: [alias("prod")], commits: [commit.hex], origin: origin,
            measured: measured, statement: (measured.metrics, maker), promotions: [move])
    }
}
