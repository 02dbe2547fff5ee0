// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegLock
internal import RegTesting

enum LockTarget: FuzzTarget {
    static let name = "lock"

    static func run(_ input: [UInt8]) {
        guard let lock = try? Lock.parse(input) else { return }
        let written = lock.serialized
        claim((try? Lock.parse(written)) == lock, "a lock written again is the same")
        claim(lock.setDigest == nil || lock.entries.allSatisfy { $0.content != .git }, "a set is real")
        for entry in lock.entries {
            claim(lock[entry.name] == entry, "an artifact is found by its name")
            claim(entry.path.isEmpty || entry.path.hazard == nil, "paths are safe")
            let around = lock.entries.filter { $0.contains(entry.path) || entry.path.isWithin($0.path) }
            claim(around == [entry], "paths do not overlap")
        }
    }

    static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = try (0..<16 as Range<UInt64>).map { number in
            var random = SeededRandom(seed: number)
            return try sample(number, isStored: number % 2 == 0, &random).serialized
        }
        let conflict = "<<<<<<< HEAD\na other a git - -\n=======\nb other b git - -\n>>>>>>> theirs\n"
        seeds.append(Array("reg-lock 1\n\n\(conflict)".utf8))
        seeds.append(Array("reg-lock 2\n".utf8))
        seeds.append(Array("reg-lock 1\n\nroot dataset ./ git - -\n".utf8))
        return seeds
    }

    static func sample(_ count: UInt64, isStored: Bool, _ random: inout SeededRandom) throws -> Lock {
        let paths = ["data", "weights/model.bin", "a b/\u{e9}", "x\\y\u{1}", "z/z/z", "data-2", "data.json"]
        let entries = try paths.prefix(Int(count)).enumerated().compactMap { number, path in
            guard let name = ArtifactName("n\(number)") else { throw SeedError() }
            // A backslash is for the fuzzer to find out about.
            guard BytePath(path).hazard == nil else { return nil as LockEntry? }
            let content = LockEntry.Content.stored(
                digest: random.digest(), bytes: random.next(), files: random.next() % 100)
            return LockEntry(
                name: name, type: ArtifactType.allCases[number % ArtifactType.allCases.count],
                path: BytePath(path), isDirectory: number % 2 == 0,
                content: isStored || number % 3 > 0 ? content : .git)
        }
        return try Lock(entries)
    }
}
