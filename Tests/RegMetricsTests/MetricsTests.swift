// SPDX-License-Identifier: Apache-2.0
import RegJSON
import RegMetrics
import Testing

@Suite struct MetricsTests {
    @Test func stepsGiveTheLastTheLeastAndTheGreatest() {
        var metrics = Metrics()
        for value in [0.5, 0.25, 0.75, 0.625] { metrics.measure("loss", value) }
        #expect(metrics["loss"] == Metrics.Value(last: 0.625, least: 0.25, greatest: 0.75))
        #expect(metrics["map"] == nil && metrics.names == ["loss"])
    }

    @Test func nothingIsLessOrGreaterThanNaN() {
        var metrics = Metrics()
        for value in [Double.nan, 2, .nan, 1, .nan] { metrics.measure("loss", value) }
        #expect(metrics["loss"] == Metrics.Value(last: .nan, least: 1, greatest: 2))
        metrics.measure("other", .nan)
        #expect(metrics["other"] == Metrics.Value(.nan))
    }

    @Test func comeBackFromTheirJSON() throws {
        var metrics = Metrics()
        metrics["a.b"] = Metrics.Value(last: .nan, least: -.infinity, greatest: .infinity)
        metrics["é \"x\""] = Metrics.Value(0.1)
        let text = metrics.json.compact
        #expect(text == #"{"a.b":["NaN","-Infinity","Infinity"],"é \"x\"":[0.1,0.1,0.1]}"#)
        #expect(Metrics(try JSON.parse(Array(text.utf8))) == metrics)
    }

    @Test(arguments: ["[]", #"{"a":1}"#, #"{"a":[1,2]}"#, #"{"a":[1,2,"three"]}"#, #"{"a":[1,2,3,4]}"#])
    func anythingElseIsNone(text: String) throws {
        #expect(Metrics(try JSON.parse(Array(text.utf8))) == nil)
    }

    @Test func manyAreTooMany() throws {
        let members = (0...Metrics.limit).map { (key: "m\($0)", value: [1, 1, 1] as JSON) }
        #expect(Metrics(.object(JSONObject(unique: members))) == nil)
        #expect(Metrics(.object(JSONObject(unique: members.dropLast())))?.names.count == Metrics.limit)
    }
}

@Suite struct MetricTextTests {
    private static let texts: [(Double, String)] = [
        (0.8 - 0.005, "0.795"), (0.1 + 0.2, "0.3"), (20, "20"), (-1.5, "-1.5"), (0, "0"), (1e-9, "1e-09"),
        (123_456_789, "123456789"), (1_234_567.25, "1234570"), (-1e14, "-100000000000000"), (1e300, "1e+300"),
        (.leastNonzeroMagnitude, "5e-324"), (.nan, "NaN"),
        (-.infinity, "-Infinity"), (0.333333333, "0.333333"),
    ]

    @Test(arguments: texts)
    func numbersAreShort(value: Double, text: String) { #expect(value.metricText == text) }

    private static let pairs: [(Double, Double, String, String)] = [
        (0.8 - 0.005, 0.81, "0.795", "0.81"), (0.81 - 1e-9, 0.81, "0.809999999", "0.81"),
        (0.1 + 0.2, 0.3, "0.30000000000000004", "0.3"), (0.5, 0.5, "0.5", "0.5"), (.nan, 1, "NaN", "1"),
    ]

    /// `0.81, not >= 0.81` would explain nothing.
    @Test(arguments: pairs)
    func aValueDoesNotLookLikeTheBoundThatItIsNot(_ pair: (Double, Double, String, String)) throws {
        var metrics = Metrics()
        metrics["a"] = Metrics.Value(pair.0)
        metrics["b"] = Metrics.Value(pair.1)
        let texts = try GateCondition("a >= b").judge(metrics, holder: nil).texts
        #expect(texts.value == pair.2 && texts.bound == pair.3)
    }
}
