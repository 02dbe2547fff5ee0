// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// One object of a registry damaged: `verify` names it, and a pull gives right bytes or none.
struct DamageTests {
    /// What can befall an object.
    enum Damage: CustomStringConvertible {
        /// The bit, counted from the object's first.
        case flip(Int)
        case truncate(Int)
        case append
        /// All bytes zero.
        case clear
        case remove

        var description: String {
            switch self {
            case .flip(let bit): "bit \(bit) flipped"
            case .truncate(let length): "cut to \(length) bytes"
            case .append: "a byte longer"
            case .clear: "all zero"
            case .remove: "removed"
            }
        }
    }

    private let sandbox: Sandbox
    private let project: Project
    /// A clone that reg has never run in, in which it must not find anything of the store either.
    private let fresh: String
    private let alpha: Tree
    private let beta: Tree
    /// The keys of the one pack and the one manifest that only beta@v1 needs.
    private let pack: String
    private let manifest: String

    /// Three records: alpha@v1, beta@v1, alpha@v2; the lock has the newest of both.
    init() throws {
        let sandbox = try Sandbox()
        let project = try Project.make("project", in: sandbox)
        try DamageTests.push("alpha", seed: 100, in: project)
        let before = try DamageTests.objects(of: project)
        try DamageTests.push("beta", seed: 200, in: project)
        let added = try DamageTests.objects(of: project).subtracting(before)
        try #require(added.count == 2)
        try DamageTests.push("alpha", seed: 300, in: project)
        self.sandbox = sandbox
        self.project = project
        pack = try #require(added.first { $0.hasPrefix("packs/") })
        manifest = try #require(added.first { $0.hasPrefix("manifests/") })
        alpha = try sandbox.tree("\(project.repository)/alpha")
        beta = try sandbox.tree("\(project.repository)/beta")
        fresh = try project.clone(as: "fresh")
    }

    private static func push(_ name: String, seed: UInt64, in project: Project) throws {
        let directory = "\(project.repository)/\(name)"
        for file in 0..<5 {
            try project.sandbox.write(
                "\(directory)/\(file)", seededBytes(count: 3_000, seed: seed + UInt64(file)))
        }
        try project.sandbox.write("\(directory)/long", seededBytes(count: 200_000, seed: seed + 50))
        try project.sandbox.succeed(["add", name], in: project.repository)
        try project.commit()
        try project.sandbox.succeed(["push"], in: project.repository)
    }

    /// The keys of all packs and manifests.
    private static func objects(of project: Project) throws -> Set<String> {
        let keys = try project.sandbox.tree(project.registry).files.keys.map(\.lossy)
        return Set(keys.filter { !$0.hasPrefix("log/") && $0 != "registry.json" })
    }

    /// Damages the object, looks, and puts it right again.
    private func damaging(_ key: String, _ damage: Damage, _ body: (String) throws -> Void) throws {
        let name = "\(project.registry)/\(key)"
        let whole = try sandbox.read(name)
        switch damage {
        case .flip(let bit):
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            try sandbox.write(name, bytes)
        case .truncate(let length): try sandbox.write(name, Array(whole[..<length]))
        case .append: try sandbox.write(name, whole + [0])
        case .clear: try sandbox.write(name, [UInt8](repeating: 0, count: whole.count))
        case .remove: try sandbox.remove(name)
        }
        try body("\(key), \(damage)")
        try sandbox.write(name, whole)
    }

    // MARK: What must hold

    /// `verify --data` in a clone fails and names the object, where it is known, and what it hurts.
    private func expectFound(
        _ key: String?, hurting artifacts: Set<String>, in clone: String, _ context: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try sandbox.reg(["verify", "--data", "--json"], in: clone).run()
        expectFailure(outcome, [4], "\(context): verify", sourceLocation: sourceLocation)
        guard outcome.code == 4 else { return }
        let problems = (try? JSON.parse(outcome.output))?["problems"]?.arrayValue ?? []
        let named = problems.filter { key == nil || $0["object"]?.stringValue == key }
        #expect(!named.isEmpty, "\(context): \(outcome.text)", sourceLocation: sourceLocation)
        let hurt = named.flatMap { $0["artifacts"]?.arrayValue ?? [] }.compactMap(\.stringValue)
        #expect(artifacts.isSubset(of: hurt), "\(context): hurts \(hurt)", sourceLocation: sourceLocation)
    }

    private func forget() throws {
        for name in [".git/reg", "alpha", "beta"] { try sandbox.remove("\(fresh)/\(name)") }
    }

    /// A pull of the lock into the fresh clone exits with one of `codes` and leaves no wrong bytes; with 0, all.
    private func expectPull(
        _ codes: Set<Int32>, _ context: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try forget()
        let outcome = try sandbox.reg(["pull"], in: fresh).run()
        expectFailure(outcome, codes, "\(context): pull", sourceLocation: sourceLocation)
        for (name, tree) in [("alpha", alpha), ("beta", beta)] {
            let found = sandbox.exists("\(fresh)/\(name)") ? try sandbox.tree("\(fresh)/\(name)").files : [:]
            for (path, entry) in found {
                #expect(
                    entry == tree.entries[path], "\(context): \(name)/\(printable(path)) is wrong",
                    sourceLocation: sourceLocation)
            }
            if outcome.code == 0 {
                #expect(found == tree.files, "\(context): \(name)", sourceLocation: sourceLocation)
            }
        }
    }

    /// alpha has nothing of what was damaged.
    private func expectAlpha(_ context: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try forget()
        let outcome = try sandbox.reg(["pull", "alpha"], in: fresh).run()
        expectFailure(outcome, [0], "\(context): pull alpha", sourceLocation: sourceLocation)
        let found = try sandbox.tree("\(fresh)/alpha")
        #expect(found.entries == alpha.entries, "\(context): alpha", sourceLocation: sourceLocation)
    }

    /// Some random bits in a range of bytes, some lengths in it, and none at all.
    private func damages(_ range: Range<Int>, _ random: inout SeededRandom) -> [Damage] {
        let flips = (0..<Soak.count(2, full: 200)).map { _ in
            Damage.flip(Int.random(in: 8 * range.lowerBound..<8 * range.upperBound, using: &random))
        }
        let between = (0..<Soak.count(1, full: 50)).map { _ in Int.random(in: range, using: &random) }
        let lengths = [range.lowerBound, range.upperBound - 1] + between
        return flips + Set(lengths).sorted().map(Damage.truncate)
    }

    // MARK: Objects

    /// `part`: of the pack's bytes; `isNeeded`: whether a pull reads it, or only `verify`.
    private func checkPack(_ part: (Int) -> Range<Int>, isNeeded: (Damage) -> Bool) throws {
        let seed = printedSeed("pack")
        var random = SeededRandom(seed: seed)
        let size = try sandbox.read("\(project.registry)/\(pack)").count
        for damage in damages(part(size), &random) {
            try damaging(pack, damage) { context in
                let context = "\(context), seed \(seed)"
                try expectFound(pack, hurting: ["beta@v1"], in: fresh, context)
                try expectPull(isNeeded(damage) ? [4] : [0], context)
                try expectAlpha(context)
            }
        }
    }

    private func indexStart(_ size: Int) throws -> Int {
        let bytes = try sandbox.read("\(project.registry)/\(pack)")
        var reader = ByteReader(Array(bytes[(size - 52)...]))
        return Int(try reader.u64())
    }

    @Test func damagedPackDataIsFound() throws {
        let size = try sandbox.read("\(project.registry)/\(pack)").count
        let end = try indexStart(size)
        try checkPack { _ in
            8..<end
        } isNeeded: { _ in
            true
        }
    }

    @Test func damagedPackHeaderIsFoundAndNotNeeded() throws {
        try checkPack { _ in
            0..<8
        } isNeeded: {
            if case .truncate = $0 { true } else { false }
        }
    }

    @Test func damagedPackIndexIsFoundAndNotNeeded() throws {
        let size = try sandbox.read("\(project.registry)/\(pack)").count
        let start = try indexStart(size)
        try checkPack {
            start..<$0 - 52
        } isNeeded: { _ in
            false
        }
    }

    @Test func damagedPackFooterIsFoundAndNotNeeded() throws {
        try checkPack {
            $0 - 52..<$0
        } isNeeded: { _ in
            false
        }
    }

    @Test func overwrittenOrLongerPackIsFound() throws {
        for (damage, code) in [(Damage.append, 0), (.clear, 4)] {
            try damaging(pack, damage) { context in
                try expectFound(pack, hurting: ["beta@v1"], in: fresh, context)
                try expectPull([Int32(code)], context)
                try expectAlpha(context)
            }
        }
    }

    /// Each is a whole pack, but not the one of its name.
    @Test func swappedPacksAreFound() throws {
        let packs = try DamageTests.objects(of: project).filter { $0.hasPrefix("packs/") }.sorted()
        let other = try #require(packs.first { $0 != pack })
        let (one, two) = ("\(project.registry)/\(pack)", "\(project.registry)/\(other)")
        let (first, second) = (try sandbox.read(one), try sandbox.read(two))
        try sandbox.write(one, second)
        try sandbox.write(two, first)
        try expectFound(nil, hurting: ["beta@v1"], in: fresh, "swapped packs")
        try expectPull([4], "swapped packs")
    }

    /// Two entries of a pack have changed places, with their rows of its index: sound in itself, but not for manifests.
    @Test func swappedChunksAreFound() throws {
        let name = "\(project.registry)/\(pack)"
        var bytes = try sandbox.read(name)
        let index = try indexStart(bytes.count)
        func length(_ row: Int) throws -> Int {
            var reader = ByteReader(Array(bytes[(index + 44 * row + 32)..<(index + 44 * row + 36)]))
            return Int(try reader.u32())
        }
        // The files of 3,000 bytes of noise come first, each a chunk stored as it is.
        try #require(try length(0) == 3_000 && length(1) == 3_000)
        for offset in 0..<3_000 { bytes.swapAt(8 + offset, 8 + 3_000 + offset) }
        for offset in 0..<44 { bytes.swapAt(index + offset, index + 44 + offset) }
        let footer = bytes.count - 52
        bytes.replaceSubrange(
            footer + 12..<footer + 44, with: SHA256.digest(of: Array(bytes[index..<footer])).bytes)
        try sandbox.write(name, bytes)
        try expectFound(nil, hurting: ["beta@v1"], in: fresh, "swapped chunks")
        try expectPull([4], "swapped chunks")
        try expectAlpha("swapped chunks")
    }

    @Test func missingPackNamesAllThatNeedIt() throws {
        let content = try sandbox.read("\(project.repository)/beta/long")
        try sandbox.write("\(project.repository)/gamma/same", content)
        try project.pushAll(["gamma"])
        try damaging(pack, .remove) { context in
            try expectFound(pack, hurting: ["beta@v1", "gamma@v1"], in: fresh, context)
            for name in ["beta", "gamma"] {
                let outcome = try sandbox.reg(["pull", "\(name)@v1", "-o", "../\(name)"], in: fresh).run()
                expectFailure(outcome, [5], "\(context): pull \(name)")
                #expect(outcome.errorText.contains(name), "\(outcome.errorText)")
            }
        }
    }

    @Test func missingPackIsFound() throws {
        try damaging(pack, .remove) { context in
            try expectFound(pack, hurting: ["beta@v1"], in: fresh, context)
            try expectPull([5], context)
            try expectAlpha(context)
        }
    }

    @Test func damagedManifestIsFound() throws {
        let seed = printedSeed("manifest")
        var random = SeededRandom(seed: seed)
        let size = try sandbox.read("\(project.registry)/\(manifest)").count
        for damage in damages(0..<size, &random) + [.append, .clear, .remove] {
            try damaging(manifest, damage) { context in
                let context = "\(context), seed \(seed)"
                try expectFound(manifest, hurting: ["beta@v1"], in: fresh, context)
                if case .remove = damage {
                    try expectPull([5], context)
                } else {
                    try expectPull([4], context)
                }
                try expectAlpha(context)
            }
        }
    }

    /// The record in the middle made beta@v1, the newest alpha@v2; neither is needed for a pull from the lock.
    @Test(arguments: zip([2, 3], ["beta@v1", "alpha@v2"]))
    func damagedRecordIsFoundAndStopsNoPull(number: Int, made: String) throws {
        let key = "log/0000000000000000000\(number).json"
        let seed = printedSeed("record")
        var random = SeededRandom(seed: seed)
        let size = try sandbox.read("\(project.registry)/\(key)").count
        let lengths = [1, 5, 13, 14, 15, size - 74, size - 73, size - 1].map(Damage.truncate)
        for damage in damages(0..<size, &random) + lengths + [.append] {
            try damaging(key, damage) { context in
                let context = "\(context), seed \(seed)"
                try expectPull([0], context)
                try forget()
                try expectFound(key, hurting: [], in: fresh, context)
                try expectFound(key, hurting: [made], in: project.repository, context)
            }
        }
    }

    /// Zeros were never a record: for who comes anew one that is void, for who saw it another one than it was.
    @Test(arguments: [2, 3]) func clearedRecordIsFoundByWhoSawIt(number: Int) throws {
        let key = "log/0000000000000000000\(number).json"
        try damaging(key, .clear) { context in
            try expectPull([0], context)
            try expectFound(nil, hurting: ["alpha@v2"], in: project.repository, context)
            // Only the newest is read again before a push.
            let push = try sandbox.reg(["push"], in: project.repository).run()
            expectFailure(push, number == 3 ? [11] : [0], "\(context): push")
        }
    }

    @Test func missingRecordInTheMiddleIsFound() throws {
        let key = "log/00000000000000000002.json"
        try damaging(key, .remove) { context in
            try expectPull([0], context)
            try forget()
            try expectFound(key, hurting: [], in: fresh, context)
            try expectFound(key, hurting: ["beta@v1"], in: project.repository, context)
        }
    }

    /// A clone that never saw the newest record cannot miss it; one that did refuses to go on.
    @Test func missingNewestRecordIsFoundByWhoSawIt() throws {
        let key = "log/00000000000000000003.json"
        try damaging(key, .remove) { context in
            try expectPull([0], context)
            try expectFound(key, hurting: ["alpha@v2"], in: project.repository, context)
            let push = try sandbox.reg(["push"], in: project.repository).run()
            expectFailure(push, [11], "\(context): push")
        }
    }

    @Test func damagedRegistryFileIsFound() throws {
        let key = "registry.json"
        let seed = printedSeed("registry.json")
        var random = SeededRandom(seed: seed)
        let size = try sandbox.read("\(project.registry)/\(key)").count
        for damage in damages(0..<size, &random) + [.remove] {
            try damaging(key, damage) { context in
                let context = "\(context), seed \(seed)"
                try expectPull([0, 4, 5, 13], context)
                for clone in [fresh, project.repository] {
                    let outcome = try sandbox.reg(["verify", "--data", "--json"], in: clone).run()
                    if case .remove = damage {
                        expectFailure(outcome, [5], "\(context): verify")
                    } else {
                        // 13: the bit that makes its version another one.
                        expectFailure(outcome, [4, 13], "\(context): verify")
                        let words = outcome.text + outcome.errorText
                        #expect(words.contains("registry"), "\(context): \(words)")
                    }
                }
            }
        }
    }
}
