// SPDX-License-Identifier: Apache-2.0
internal import RegJSON
internal import RegMetrics

/// Files of metrics, and conditions on them: those are what stands before a byte 0, the rest is the file.
enum MetricsTarget: FuzzTarget {
    static let name = "metrics"

    static func run(_ input: [UInt8]) {
        let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard let file = parts.last else { return }
        let whole = read(file, blockSize: .max)
        let split = read(file, blockSize: 5)
        claim(whole.metrics == split.metrics && whole.count == split.count, "blocks make no difference")
        claim(Metrics(whole.metrics.json) == whole.metrics, "records hold what was read")
        for (name, value) in whole.metrics.values {
            claim(whole.metrics.value(named: name) == value, "a name means itself")
            claim(!(value.least > value.last || value.last > value.greatest), "the last is one of all")
        }
        guard parts.count == 2, let text = parts.first,
            let condition = try? GateCondition(String(decoding: text, as: UTF8.self))
        else { return }
        let result = condition.judge(whole.metrics, holder: Metrics())
        claim(!condition.comparesWithHolder || result.verdict == .failed, "nothing is no baseline")
        claim(result.missing.isEmpty || result.verdict == .failed, "what is missing fails")
    }

    private static func read(_ file: ArraySlice<UInt8>, blockSize: Int) -> (metrics: Metrics, count: Int) {
        var reader = MetricsReader()
        var count = 0
        var rest = file
        do {
            while !rest.isEmpty {
                try reader.add(rest.prefix(blockSize)) { _ in count += 1 }
                rest = rest.dropFirst(blockSize)
            }
            try reader.finish { _ in count += 1 }
        } catch {}  // what was read before stays
        return (reader.metrics, count)
    }

    static func seeds() -> [[UInt8]] {
        [
            "map50 >= current.map50 - 0.005\0{\"map50\": 0.8, \"val\": {\"a b\": [1, 2.5, NaN]}}",
            "max(\"a/b\") * (2 + -x) != 1e-3\0{\"step\": 1, \"a/b\": 2}\n{\"step\": 2, \"x\": -Infinity, \"t\": \"NaN\"}\n",
            "{\n \"a\": {\n \"b\": 1\n }\n}\n",
            "\0{\"epoch\": 0.5, \"loss\": 1e999, \"on\": true, \"no\": null}",
        ].map { Array($0.utf8) }
    }
}
