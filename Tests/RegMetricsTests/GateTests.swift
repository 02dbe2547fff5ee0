// SPDX-License-Identifier: Apache-2.0
import RegJSON
import RegMetrics
import Testing

/// Conditions on metrics.
@Suite struct GateTests {
    private func metrics(_ values: [String: Double]) -> Metrics {
        var metrics = Metrics()
        for (name, value) in values { metrics[name] = Metrics.Value(value) }
        return metrics
    }

    private var candidate: Metrics {
        var metrics = metrics([
            "map50": 0.82, "latency_ms": 18, "val.map-50": 0.7, #"val."a b""#: 1, "nan": .nan,
            "inf": .infinity,
            #""flat.name""#: 5, "current.x": 9, "max": 3,
        ])
        metrics["loss"] = Metrics.Value(last: 0.3, least: 0.2, greatest: 2)
        return metrics
    }

    private var holder: Metrics { metrics(["map50": 0.8, "loss": 0.4]) }

    @Test(arguments: [
        ("map50 >= 0.81", true), ("map50 > 0.82", false), ("map50 <= 0.82", true), ("map50 < 0.82", false),
        ("map50 == 0.82", true), ("map50 != 0.82", false), ("0.81 <= map50", true),
        ("20 < latency_ms", false),
        ("map50>=0.81", true), ("  map50   >=   8.1e-1 ", true), ("latency_ms <= 2e+1", true),
        ("map50 >= current.map50 - 0.005", true), ("map50 >= current.map50 + 0.05", false),
        ("map50 - current.map50 > 0.01", true), ("current.map50 < map50", true),
        ("loss <= 0.3", true), ("max(loss) == 2", true), ("min(loss) == 0.2", true),
        ("max( loss ) >= current.loss", true), ("min(current.loss) == 0.4", true),
        ("val.map-50 == 0.7", true), (#"val."a b" == 1"#, true), (#""val"."a b" == 1"#, true),
        (#""val.map-50" == 0.7"#, true), ("flat.name == 5", true), (#""flat.name" == 5"#, true),
        (#""current".x == 9"#, true), ("max == 3", true),
        ("2 + 3 * latency_ms == 56", true), ("(2 + 3) * latency_ms == 90", true),
        ("latency_ms - 8 - 4 == 6", true), ("latency_ms -8 == 10", true), ("-latency_ms == -18", true),
        ("latency_ms - -2 == 20", true), ("-(latency_ms - 20) * 2 == 4", true),
        ("nan == nan", false), ("nan != 1", false), ("inf > 1", true), ("inf - inf == 0", false),
        ("nothing >= 0", false), ("map50 >= current.nothing", false), ("0 * nothing == 0", false),
    ])
    func conditionsAreJudged(text: String, isMet: Bool) throws {
        let result = try GateCondition(text).judge(candidate, holder: holder)
        #expect(result.verdict == (isMet ? .met : .failed), "\(result)")
    }

    @Test func resultsSayWhatWasCompared() throws {
        let result = try GateCondition("map50 >= current.map50 - 0.005").judge(candidate, holder: holder)
        #expect(result.metric == "map50" && result.comparison == .greaterOrEqual)
        #expect(result.value == 0.82 && result.bound == 0.8 - 0.005 && result.baseline == 0.8)
        let mirrored = try GateCondition("max(loss) * 2 < 20 - latency_ms").judge(candidate, holder: nil)
        #expect(mirrored.metric == "max(loss) * 2" && mirrored.bound == 2)
        let other = try GateCondition("20 >= latency_ms").judge(candidate, holder: nil)
        #expect(other.metric == "latency_ms" && other.comparison == .lessOrEqual && other.value == 18)
        #expect(other.bound == 20 && other.baseline == nil)
    }

    @Test func withoutAHolderItsConditionsAreSkipped() throws {
        let condition = try GateCondition("map50 >= current.map50")
        #expect(condition.judge(candidate, holder: nil).verdict == .skipped)
        let result = condition.judge(candidate, holder: Metrics())
        #expect(result.verdict == .failed && result.missingInHolder == ["map50"] && result.missing == [])
        #expect(try GateCondition("nothing > 1").judge(candidate, holder: nil).missing == ["nothing"])
    }

    @Test func aNameThatCouldMeanTwoMeansNone() throws {
        let metrics = metrics([#""a.b".c"#: 1, #"a."b.c""#: 2])
        #expect(try GateCondition("a.b.c > 0").judge(metrics, holder: nil).verdict == .failed)
        #expect(try GateCondition(#"a."b.c" > 0"#).judge(metrics, holder: nil).verdict == .met)
    }

    @Test(arguments: [
        ("map50", 5, "a comparison is missing here: >=, >, <=, <, == or !="),
        ("map50 >= ", 9, "a number or a metric is missing here"),
        (">= 1", 0, "a number or a metric is missing here"),
        ("map50 >= >= 1", 9, "a number or a metric is missing here"),
        ("map50 = 1", 6, "an equality is written =="), ("a > 1 > 0", 6, "the condition should end here"),
        ("a/b > 1", 1, "names with such characters are quoted: \"…\""),
        ("é > 1", 0, "names with such characters are quoted: \"…\""),
        ("(a > 1", 3, "a closing parenthesis is missing here"),
        ("max() > 1", 4, "the name of a metric is missing here"),
        ("max(1) > 1", 4, "the name of a metric is missing here"),
        (
            "a > 0.8-0.1", 4,
            "no number; a name that begins with a digit is quoted, and a subtraction has a space before it"
        ),
        ("a. > 1", 2, "a part of the name is missing here"), ("\"a > 1", 0, "the quotes do not end"),
        ("\"é\" > \"\\x\"", 6, "no text as in JSON"), ("1 < 2", 0, "it has no metric"),
        ("", 0, "a number or a metric is missing here"),
    ])
    func mistakesAreShownWhereTheyAre(text: String, column: Int, message: String) {
        #expect(throws: GateError(text: text, column: column, message)) { try GateCondition(text) }
    }

    @Test func mistakesAreDrawn() {
        let error = GateError(text: "a = 1", column: 2, "no")
        #expect(error.drawing == "  a = 1\n    ^")
    }

    @Test func thereAreLimits() {
        let deep = String(repeating: "(", count: 40)
        #expect(throws: GateError(text: "\(deep)a", column: 32, "it is nested too deeply")) {
            try GateCondition("\(deep)a")
        }
        #expect(throws: GateError.self) {
            try GateCondition("a > " + String(repeating: "1 + ", count: 300) + "1")
        }
    }
}
