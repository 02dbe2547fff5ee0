// SPDX-License-Identifier: Apache-2.0
import RegTesting
import RegXML
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct XMLTests {
    private func read(_ text: String) throws(XMLError) -> XMLElement { try XMLReader.read(bytes(text)) }

    @Test func readsAListing() throws {
        let root = try read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- note -->
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/" a='>"'>
              <Name>b</Name><Empty/><Empty attribute = "x" ></Empty>
              <s:Contents xmlns:s="x"><Key>a&amp;b &lt;&gt;&apos;&quot; &#65;&#x1F600;</Key><Size>1</Size></s:Contents>
              <Contents><Key><![CDATA[<x>&amp;]]>y<!-- z --><?pi?></Key></Contents>
            </ListBucketResult>

            """)
        #expect(root.name == "ListBucketResult")
        #expect(root["Name"]?.text == "b")
        #expect(root["Empty"]?.text == "")
        #expect(root["None"] == nil)
        #expect(root.all("Empty").count == 2)
        #expect(root.all("Contents").compactMap { $0["Key"]?.text } == ["a&b <>'\" A\u{1f600}", "<x>&amp;y"])
    }

    @Test func keepsBlanksOfTexts() throws {
        #expect(try read("<a> \n x\t</a>").text == " \n x\t")
        #expect(try read("\u{feff}<a>é</a>").text == "é")
    }

    @Test(arguments: [
        "", " ", "x", "<", "<a", "<a>", "<a><b></a></b>", "<a></b>", "<a/><b/>", "<a/>x", "</a>", "<a b></a>",
        "<a b=c></a>", "<a b=\"c></a>", "<a>&unknown;</a>", "<a>&amp</a>", "<a>&#0;</a>", "<a>&#xD800;</a>",
        "<a>&#x+41;</a>", "<a>&#+65;</a>", "<a>&#;</a>", "<a>&;</a>", "<a>&", "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a><!ENTITY b=\"c\"></!ENTITY></a>",
        "<a><![CDATA[x</a>",
        "<a><!-- </a>", "<?xml", "<a></a", "< a/>",
    ]) func refusesWhatIsNoDocument(text: String) { #expect(throws: XMLError.self) { try read(text) } }

    @Test func refusesWhatIsNoText() {
        #expect(throws: XMLError.self) { try XMLReader.read(bytes("<a>") + [0xff] + bytes("</a>")) }
    }

    @Test func isBounded() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(try read(nested(XMLReader.depthLimit)).name == "a")
        for text in [
            nested(XMLReader.depthLimit + 1), String(repeating: "<a>", count: 1_000_000),
            "<a>" + String(repeating: "<b/>", count: XMLReader.elementLimit) + "</a>",
            "<\(String(repeating: "a", count: 256))/>",
        ] { #expect(throws: XMLError.self) { try read(text) } }
        let long = bytes("<a>") + [UInt8](repeating: 0x20, count: XMLReader.byteLimit) + bytes("</a>")
        #expect(throws: XMLError.self) { try XMLReader.read(long) }
    }

    @Test func cutAndDamagedDocumentsDoNoHarm() throws {
        let document = bytes("<?xml version=\"1.0\"?><a b=\"c\"><d>e&amp;f</d><![CDATA[g]]><!--h--></a>")
        for count in 0..<document.count {
            #expect(throws: XMLError.self) { try XMLReader.read(Array(document.prefix(count))) }
        }
        var random = SeededRandom(seed: 7)
        for _ in 0..<5000 {
            var damaged = document
            damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(
                in: 0...255, using: &random)
            _ = try? XMLReader.read(damaged)
        }
    }
}
