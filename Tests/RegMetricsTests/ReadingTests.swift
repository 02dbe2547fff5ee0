// SPDX-License-Identifier: Apache-2.0
import RegJSON
import RegMetrics
import Testing

/// What a file of metrics says.
@Suite struct ReadingTests {
    private func read(_ text: String, blockSize: Int = 7) throws -> (metrics: Metrics, samples: [String]) {
        var reader = MetricsReader()
        var samples: [String] = []
        var rest = Array(text.utf8)[...]
        func take(_ sample: MetricsReader.Sample) {
            samples.append("\(sample.name)@\(sample.step)=\(sample.value)")
        }
        while !rest.isEmpty {
            try reader.add(rest.prefix(blockSize), each: take)
            rest = rest.dropFirst(blockSize)
        }
        try reader.finish(each: take)
        return (reader.metrics, samples)
    }

    private func failure(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch { return (error as? MetricsError)?.message }
    }

    @Test func nestedNamesAreJoined() throws {
        let (metrics, _) = try read(
            #"{"map50": 0.81, "val": {"iou": {"car": 1, "a b": 2}, "on": true, "note": "x", "no": null}}"#)
        #expect(metrics.names == ["map50", #"val.iou."a b""#, "val.iou.car"])
        #expect(metrics["val.iou.car"] == Metrics.Value(1))
    }

    @Test(arguments: [
        ("a", "a"), ("map50-95_x", "map50-95_x"), ("a.b", #""a.b""#), ("", #""""#), ("é", #""é""#),
        ("metrics/mAP50(B)", #""metrics/mAP50(B)""#), ("a\"b\n", #""a\"b\n""#),
    ])
    func oddNamesAreQuoted(key: String, name: String) throws {
        let (metrics, _) = try read(JSON.object([key: 1]).compact)
        #expect(metrics.names == [name])
    }

    @Test(arguments: [1, 3, 1000])
    func linesAreSteps(blockSize: Int) throws {
        let text = """
            {"step": 10, "loss": 3, "map": 0.5}

            {"step": 20, "epoch": 1, "loss": 1}\r
            {"loss": 2}
            """
        let (metrics, samples) = try read(text, blockSize: blockSize)
        #expect(metrics["loss"] == Metrics.Value(last: 2, least: 1, greatest: 3))
        #expect(metrics["map"] == Metrics.Value(0.5))
        #expect(metrics["step"] == nil && metrics["epoch"] == nil)
        #expect(samples == ["loss@10.0=3.0", "map@10.0=0.5", "loss@20.0=1.0", "loss@2.0=2.0"])
    }

    @Test func listsAreSteps() throws {
        let (metrics, samples) = try read(
            #"{"loss": [3, 1, 2], "mixed": [1, "a"], "matrix": [[1, 2], [3, 4]], "none": []}"#)
        #expect(metrics.names == ["loss"])
        #expect(metrics["loss"] == Metrics.Value(last: 2, least: 1, greatest: 3))
        #expect(samples == ["loss@0.0=3.0", "loss@1.0=1.0", "loss@2.0=2.0"])
    }

    @Test func anObjectMayTakeSeveralLines() throws {
        let (metrics, _) = try read("\n{\n  \"epoch\": 3,\n  \"a\": {\n    \"b\": 1\n  }\n}\n")
        #expect(metrics.names == ["a.b"])
    }

    @Test func whatJSONCannotHoldIsTakenAsPythonWritesIt() throws {
        let (metrics, _) = try read(
            #"{"a": NaN, "b": Infinity, "c": -Infinity, "d": "NaN", "e": "-Infinity", "f": 1e999, "g": 18446744073709551616}"#
        )
        #expect(try #require(metrics["a"]).last.isNaN && metrics["d"]?.last.isNaN == true)
        #expect(metrics["b"] == Metrics.Value(.infinity) && metrics["f"] == Metrics.Value(.infinity))
        #expect(metrics["c"] == Metrics.Value(-.infinity) && metrics["e"] == Metrics.Value(-.infinity))
        #expect(metrics["g"] == Metrics.Value(18_446_744_073_709_551_616))
    }

    @Test func nothingIsNoMetric() throws {
        #expect(try read("").metrics.isEmpty && read("\n \n").metrics.isEmpty && read("{}").metrics.isEmpty)
    }

    @Test(arguments: [
        ("{\"a\": 1}\n{\"a\": }\n", "line 2: unexpected byte 0x7d"),
        ("{\"a\": 1}\n[1]\n", "line 2: it is no JSON object"), ("1", "line 1: it is no JSON object"),
        ("{\"a\": 1}\n{\"a\": 2", "line 2: ends too early"),
        ("{\n\"a\": 1,\n\"b\": x}\n", "line 3: unexpected byte 0x78"),
        ("{\"a\": 1, \"a\": 2}", "line 1: key \"a\" occurs twice in one object"),
        ("{\"a\": Nan}", "line 1: unexpected byte 0x6e"),
        ("\u{feff}{}", "line 1: begins with a byte order mark"),
    ])
    func mistakesAreNamedWithTheirLine(text: String, message: String) {
        #expect(failure(text) == message)
    }

    @Test func thereAreLimits() {
        let many = (0...Metrics.limit).map { "\"m\($0)\": 1" }.joined(separator: ", ")
        #expect(failure("{\(many)}") == "line 1: more than 1000 metrics")
        let long = String(repeating: "x", count: 300)
        #expect(failure("{}\n{\"\(long)\": 1}") == "line 2: the name of a metric is longer than 256 bytes")
        #expect(failure("{\"\(long)\": true}") == nil)
        let deep = (0..<100).map { _ in "{\"a\":" }.joined()
        #expect(failure(deep + "1") == "line 1: nested deeper than 64")
    }

    @Test func whatWasReadBeforeAMistakeStays() throws {
        var reader = MetricsReader()
        try reader.add(Array("{\"a\": 1}\n{\"a\": 2}\n{\"a\"".utf8))
        #expect(throws: MetricsError.self) { try reader.finish() }
        #expect(reader.metrics["a"] == Metrics.Value(last: 2, least: 1, greatest: 2))
    }
}
