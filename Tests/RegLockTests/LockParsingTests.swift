// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegLock
import RegTesting
import Testing

@Suite struct LockParsingTests {
    @Test func readsWhatTheFormatSays() throws {
        let lock = try Lock.parse(
            bytes(
                """
                reg-lock 1

                config config conf/train.yaml git - -

                data dataset data/a\\x20\\xff\\x7f/ \(digestText) 18446744073709551615 0

                """))
        let config = LockEntry(
            name: try name("config"), type: .config, path: BytePath("conf/train.yaml"), isDirectory: false,
            content: .git)
        let data = LockEntry(
            name: try name("data"), type: .dataset, path: BytePath(bytes("data/a ") + [0xff, 0x7f]),
            isDirectory: true, content: try stored(.max, files: 0))
        #expect(lock.entries == [config, data])
    }

    @Test(arguments: ["", "\n", "\n\n\n", "reg-lock 1", "reg-lock 1\n", "\nreg-lock 1\n\n"])
    func readsALockWithoutArtifacts(text: String) throws {
        #expect(try Lock.parse(bytes(text)) == Lock())
    }

    @Test func toleratesWhatMergesDo() throws {
        let a = "a other a \(digestText) 1 1"
        let b = "b other b \(digestText) 1 1"
        let expected = try Lock.parse(bytes("reg-lock 1\n\n\(a)\n\n\(b)\n"))
        #expect(expected.entries.count == 2)
        for text in [
            "reg-lock 1\n\(b)\n\(a)", "reg-lock 1\n\n\n\n\(b)\n\n\n\(a)\n\n", "reg-lock 1\n\(a)\n\(b)\n",
        ] {
            #expect(try Lock.parse(bytes(text)) == expected)
        }
    }

    @Test func readsTheRoot() throws {
        let lock = try Lock.parse(lockText(paths: ["./"]))
        #expect(lock.entries.first?.path == BytePath(""))
        #expect(lock.entries.first?.isDirectory == true)
    }

    @Test(
        arguments: [
            ("a other a \(digestText) 1", .fields), ("a other a \(digestText) 1 1 ", .fields),
            ("a other a \(digestText) 1 1 1", .fields), (" a other a \(digestText) 1 1", .fields),
            ("a  other a \(digestText) 1 1", .fields), ("A other a \(digestText) 1 1", .name),
            ("é other a \(digestText) 1 1", .name), ("a model a \(digestText) 1 1", .type),
            ("a Other a \(digestText) 1 1", .type), ("a other a\\x41 \(digestText) 1 1", .escape),
            ("a other a\\x2f \(digestText) 1 1", .escape), ("a other a\\xFF \(digestText) 1 1", .escape),
            ("a other a\\xf \(digestText) 1 1", .escape), ("a other a\\ \(digestText) 1 1", .escape),
            ("a other a\\n \(digestText) 1 1", .escape), ("a other é \(digestText) 1 1", .escape),
            ("a other a\tb \(digestText) 1 1", .escape),
            ("a other a\\x5cb \(digestText) 1 1", .unsafePath(.backslash)),
            ("a other a\\x00b \(digestText) 1 1", .unsafePath(.nul)),
            ("a other . \(digestText) 1 1", .unsafePath(.dotComponent)),
            ("a other / \(digestText) 1 1", .unsafePath(.empty)),
            ("a other a// \(digestText) 1 1", .unsafePath(.trailingSlash)),
            ("a other /a \(digestText) 1 1", .unsafePath(.absolute)),
            ("a other ../a \(digestText) 1 1", .unsafePath(.dotComponent)),
            ("a other ././ \(digestText) 1 1", .unsafePath(.dotComponent)),
            ("a other .git/x \(digestText) 1 1", .unsafePath(.reserved)),
            ("a other a sha256:00 1 1", .digest), ("a other a \(digestText.uppercased()) 1 1", .digest),
            ("a other a git 1 -", .digest), ("a other a git - 1", .digest), ("a other a - - -", .digest),
            ("a other a \(digestText) 01 1", .number), ("a other a \(digestText) +1 1", .number),
            ("a other a \(digestText) -1 1", .number), ("a other a \(digestText) 1 -", .number),
            ("a other a \(digestText) 18446744073709551616 1", .number),
            ("a other a \(digestText) 1 1\r", .number),
            ("a other a \(digestText) 1 1x", .number),
        ] as [(String, LockProblem)])
    func namesTheLineAndItsProblem(line: String, problem: LockProblem) {
        let text = "reg-lock 1\n\n0 other zero \(digestText) 1 1\n\n\(line)\n"
        #expect(
            refusal(of: bytes(text)) == .malformed(line: 5, problem))
    }

    @Test(
        arguments: [
            ("reg-lock 2\n", .unknownVersion("2")), ("reg-lock 1 \n", .unknownVersion("1 ")),
            ("reg-lock 1\r\n", .unknownVersion("1\r")), ("reg-lock \n", .unknownVersion("")),
            ("reg-lock\n", .malformed(line: 1, .header)), ("\nversion 1\n", .malformed(line: 2, .header)),
            ("\u{feff}reg-lock 1\n", .malformed(line: 1, .header)),
        ] as [(String, LockError)])
    func refusesOtherVersions(text: String, error: LockError) {
        #expect(refusal(of: bytes(text)) == error)
    }

    @Test(arguments: [
        (["x", "x"], "a", "b"), (["x/", "x/y"], "a", "b"), (["x/y", "x/"], "b", "a"),
        (["x", "x/y"], "a", "b"),
        (["q", "./"], "b", "a"), (["x/", "x-", "x/y/z", "x.y"], "a", "c"),
        (["x\\xff/y/z", "x\\xff/"], "b", "a"),
    ])
    func refusesOverlap(paths: [String], outer: String, inner: String) throws {
        let error = refusal(of: lockText(paths: paths))
        #expect(error == .overlap(outer: try name(outer), inner: try name(inner)))
    }

    @Test func acceptsNeighbours() throws {
        #expect(
            try Lock.parse(lockText(paths: ["x/", "x-y", "x.z/", "xy", "w/x", "y/x/", "x0"])).entries.count
                == 7)
    }

    @Test func refusesTheSameNameTwice() throws {
        let text = "reg-lock 1\na other x git - -\nb other z git - -\na other y git - -\n"
        let error = refusal(of: bytes(text))
        #expect(error == .duplicateName(try name("a")))
    }

    @Test func refusesTooMuch() {
        let long = [UInt8](repeating: 0x0a, count: Lock.maximumByteCount + 1)
        #expect(refusal(of: long) == .tooLarge(byteCount: long.count))
        let many =
            "reg-lock 1\n" + (0...Lock.maximumEntryCount).map { "n\($0) other p\($0) git - -\n" }.joined()
        #expect(refusal(of: bytes(many)) == .tooManyEntries)
    }

    @Test func neverTrapsOnDamagedInput() throws {
        let good = lockText(paths: ["x/", "y\\x20z", "w/v"])
        for end in good.indices { _ = try? Lock.parse(Array(good[..<end])) }
        var random = SeededRandom(seed: 7)
        var refused = 0
        for _ in 0..<2_000 {
            var bad = good
            bad[Int.random(in: bad.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            // Some changes make another valid lock; it must then be written as it was read.
            if let lock = try? Lock.parse(bad) {
                #expect(try Lock.parse(lock.serialized) == lock)
            } else {
                refused += 1
            }
        }
        #expect(refused > 1_000)
    }
}
