// SPDX-License-Identifier: Apache-2.0
import RegPage
import Testing

@Suite struct ScaleTests {
    @Test(
        arguments: [
            (1, ["0", "0.5", "1.0"]), (0.234, ["0", "0.1", "0.2", "0.3"]), (7, ["0", "2", "4", "6", "8"]),
            (1200, ["0", "500", "1000", "1500"]), (3.2e-5, ["0", "1e−5", "2e−5", "3e−5", "4e−5"]),
            (1.6e7, ["0", "5e6", "1.0e7", "1.5e7", "2.0e7"]), (0, ["0", "0.5", "1.0"]),
        ] as [(Double, [String])])
    func ticksAreRoundNumbers(most: Double, texts: [String]) {
        let scale = Scale.fromZero(to: most, tickCount: most == 1 || most == 0 ? 2 : 4)
        let found = scale.ticks.map { scale.text(of: $0) }
        #expect(found == texts && scale.position(of: most) <= 1)
    }

    @Test(
        arguments: [
            (-1, 1), (0, 0), (5, 5), (-3e-9, 2e-9), (1e300, 1.5e300),
            (-.greatestFiniteMagnitude, .greatestFiniteMagnitude),
            (.nan, 1), (-.infinity, .infinity), (1e16, 1e16 + 2), (0, .leastNonzeroMagnitude), (3, 1),
        ] as [(Double, Double)])
    func everySpanIsAnAxis(lower: Double, upper: Double) {
        let scale = Scale.spanning(lower, upper)
        #expect(
            scale.ticks.count <= 20 && scale.bounds.lowerBound.isFinite && scale.bounds.upperBound.isFinite)
        for tick in scale.ticks { #expect(!scale.text(of: tick).isEmpty && scale.text(of: tick).count < 24) }
        for value in [lower, upper, 0, .nan, .infinity] {
            #expect((0...1).contains(scale.position(of: value)))
        }
    }
}

@Suite struct PlotTests {
    @Test func barsAreAsLongAsTheirValues() {
        let table = BarTable(
            caption: "c", titles: ("Layer", ["REL L2"], "Tensors"),
            rows: [
                .init("a", [(0.2, "0.2")], remark: "2 tensors"), .init("<b>", [(0.1, "0.1")]),
                .init("c", [(.nan, "NaN")]), .init("d", [(nil, "")]), .init("e", [(.infinity, "Inf")]),
            ])
        let source = table.markup.source
        #expect(
            source.contains("width=\"100.00%\" height=\"12\"")
                && source.contains("width=\"50.00%\" height=\"12\""))
        #expect(source.contains("&lt;b&gt;") && source.contains(">NaN</td>") && source.contains("2 tensors"))
    }

    @Test func binsAreOneOutline() {
        let plot = Plot(
            title: "t", description: "d", x: (.spanning(-1, 1), "value"), y: (.fromZero(to: 1), "share"),
            old: .bins([0, 1]), new: .bins([1, 0]))
        let source = plot.markup.source
        #expect(source.contains("class=\"old\" d=\"M0 132.0V132.0H500.0V0.0H1000.0V132.0Z\""))
        #expect(source.contains("class=\"new stroke\" d=\"M0 132.0V0.0H500.0V132.0H1000.0V132.0Z\""))
        #expect(source.contains("aria-label=\"t: d\""))
    }

    @Test func linesLeaveOutWhatIsNoNumber() {
        let plot = Plot(
            title: "t", description: "d", x: (.spanning(0, 10), "step"), y: (.fromZero(to: 1), ""), old: nil,
            new: .line([(0, 0), (5, .nan), (10, 1)]))
        #expect(plot.markup.source.contains("d=\"M0.0 132.0L1000.0 0.0\""))
    }
}
