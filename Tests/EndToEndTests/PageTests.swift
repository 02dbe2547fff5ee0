// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegTesting
import Testing

/// A browser without windows.
private enum Browser {
    static let path: String? = {
        let found = try? Binary.find("chromium")
        if found == nil { print("SKIPPED: tests of pages, which need chromium") }
        return found
    }()

    /// Opens a page of a sandbox with a profile of its own.
    @discardableResult static func open(
        _ page: BytePath, width: Int, height: Int, in place: Place, _ words: String...
    ) throws -> Command.Outcome {
        let options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--user-data-dir=\(place["profile-\(width)"].lossy)", "--window-size=\(width),\(height)",
            "--virtual-time-budget=2000",
        ]
        let outcome = try place.run("chromium", options + words + ["file://\(page.lossy)"])
        #expect(outcome.code == 0, "\(outcome.errorText)")
        return outcome
    }
}

extension Trait where Self == ConditionTrait {
    fileprivate static var needsBrowser: Self { .enabled(if: Browser.path != nil, "needs chromium") }
}

/// What `reg diff --html` writes, as a browser has it.
@Suite(.serialized) struct PageTests {
    /// Six layers, the later ones more different with another seed.
    private func weights(seed: UInt64) -> [UInt8] {
        let count = 3_000
        var content: [UInt8] = []
        let header = (0..<6).map { layer -> String in
            var (base, change) = (SeededRandom(seed: UInt64(layer)), SeededRandom(seed: seed))
            func value(_ random: inout SeededRandom) -> Float {
                Float(random.next() >> 40) / Float(1 << 24) - 0.5
            }
            let start = content.count
            for _ in 0..<count {
                let bits = (value(&base) + 0.01 * Float(layer) * value(&change)).bitPattern
                content += (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
            }
            let range = "[\(start),\(content.count)]"
            return
                #""encoder.layer.\#(layer).weight":{"dtype":"F32","shape":[\#(count)],"data_offsets":\#(range)}"#
        }
        let text = Array("{\(header.joined(separator: ","))}".utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + content
    }

    /// A page of two commits: weights, a config and data.
    private func withPage(_ body: (Place, BytePath) throws -> Void) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            func version(_ seed: UInt64) throws {
                try work.write(weights(seed: seed), to: BytePath("model.safetensors"))
                try work.write("lr: 0.0\(seed)\nurl: https://example.org/\(seed)\n", to: "config/train.yaml")
                try work.write("\(seed)\n", to: "data/<img src=x onerror=alert(1)>.txt")
                try work.write("\(seed)\n", to: "data/a long name \(String(repeating: "x", count: 200)).txt")
            }
            try version(1)
            try work.reg("add", "model.safetensors", "config", "data")
            try work.commit("first </script><script>alert(1)</script>")
            try work.reg("push")
            try version(2)
            try work.reg("add")
            try work.commit("second <b>version</b> for @everyone")
            try work.reg("push")
            try work.reg("diff", "HEAD~1", "HEAD", "--html", "page.html")
            try body(work, work["page.html"])
        }
    }

    @Test func thePageNeedsNothingElse() throws {
        try withPage { work, page in
            let source = try readText(page)
            #expect(source.hasPrefix("<!DOCTYPE html>") && source.contains("default-src 'none'"))
            for part in ["://", "<script", "<link", "<img", "url(", "@import", "javascript:"] {
                #expect(!source.contains(part), "\(part)")
            }
            // The same input makes the same page.
            let markdown = try work.reg("diff", "HEAD~1", "HEAD", "--html", "again.html", "--md")
            #expect(try readText(work["again.html"]) == source)
            // It is said beside the comparison, which may go to a file itself.
            #expect(markdown.errorText == "note: the page is written to again.html\n")
            #expect(!markdown.text.contains("again.html"))
            for flag in ["--json", "-q"] {
                let quiet = try work.reg("diff", "HEAD~1", "HEAD", "--html", "again.html", flag)
                #expect(quiet.errors.isEmpty && !quiet.text.contains("again.html"))
            }
        }
    }

    @Test(.needsBrowser) func aBrowserShowsIt() throws {
        try withPage { work, page in
            let dom = try Browser.open(page, width: 1200, height: 1000, in: work, "--dump-dom").text
            for text in [
                "HEAD~1", "encoder.layer.5.weight", "second &lt;b&gt;version&lt;/b&gt; for @everyone",
                "&lt;img src=x onerror=alert(1)&gt;.txt", "https://example.org/2", "<rect",
                "model.safetensors",
            ] { #expect(dom.contains(text), "\(text)") }
            #expect(!dom.contains("<script") && !dom.contains("<img") && !dom.contains("<b>"))
        }
    }

    @Test(.needsBrowser, arguments: [(1200, 1000), (390, 844)])
    func aPictureOfItIsNotBlank(width: Int, height: Int) throws {
        try withPage { work, page in
            let picture = work["page.png"]
            try Browser.open(
                page, width: width, height: height, in: work, "--screenshot=\(picture.lossy)")
            let bytes = try readFile(picture)
            #expect(bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
            let size = bytes.count > 24 ? bytes[16..<24].map { Int($0) } : [Int](repeating: 0, count: 8)
            #expect(size[2] << 8 + size[3] == width && size[6] << 8 + size[7] == height)
            // Of an empty page all lines are the same.
            let script = """
                import sys, zlib
                data, place, pixels = open(sys.argv[1], "rb").read(), 8, b""
                while place < len(data):
                    size = int.from_bytes(data[place:place + 4], "big")
                    if data[place + 4:place + 8] == b"IDAT": pixels += data[place + 8:place + 8 + size]
                    place += size + 12
                pixels = zlib.decompress(pixels)
                line = len(pixels) // \(height)
                print(len({pixels[i:i + line] for i in range(0, len(pixels), line)}))
                """
            let lines = try work.run("python3", ["-c", script, picture.lossy])
            #expect(try #require(Int(lines.text.dropLast())) > 100, "\(lines.errorText)")
        }
    }

    @Test(.needsBrowser) func aPhoneNeedNotScrollSideways() throws {
        try withPage { work, page in
            // In a frame, since windows of this browser are at least 500 wide.
            let source = try readText(page).replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
            let wrapper = """
                <!DOCTYPE html><iframe id="page" width="390" height="844" style="border:0" srcdoc="\(source)"></iframe>
                <script>onload = () => {
                  let root = document.getElementById("page").contentDocument.documentElement
                  document.title = "width " + root.scrollWidth + ", height " + (root.scrollHeight > 844)
                }</script>
                """
            try work.write(wrapper, to: "framed.html")
            let dom = try Browser.open(work["framed.html"], width: 1200, height: 900, in: work, "--dump-dom")
            #expect(dom.text.contains("<title>width 390, height true</title>"), "\(dom.text.prefix(400))")
        }
    }

    @Test func onlyAFileIsReplaced() throws {
        try withPage { work, page in
            try writeFile(Array("other".utf8), to: page)
            try work.reg("diff", "HEAD~1", "HEAD", "--html", "page.html")
            #expect(try readText(page).hasPrefix("<!DOCTYPE"))
            try makeDirectory(work["folder"])
            try makeSymlink(to: "page.html", at: work["link"])
            for place in ["folder", "folder/", "link", "."] {
                try work.fails(6, "diff", "HEAD~1", "HEAD", "--html", place)
            }
            try work.fails(9, "diff", "HEAD~1", "HEAD", "--html", "nowhere/page.html")
            #expect(try work.tree("folder").entries.isEmpty)
            let outcome = try work.runReg(["diff", "HEAD", "HEAD", "--md", "--json"].map { Array($0.utf8) })
            #expect(outcome.code == 2)
        }
    }
}
