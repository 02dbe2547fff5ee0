// SPDX-License-Identifier: Apache-2.0
internal import RegHash
internal import RegLock
internal import RegPin
internal import RegTesting

/// A pin file.
enum PinTarget: FuzzTarget {
    static let name = "pin"

    static func run(_ input: [UInt8]) {
        guard let pin = try? Pin.parse(file: input) else { return }
        claim((try? Pin.parse(file: pin.file)) == pin, "a pin written again is the same")
        claim(pin.lock.entries.allSatisfy { $0.content != .git }, "a pin has digests")
    }

    static func seeds() throws -> [[UInt8]] { try (0..<8).map { try sample($0).file } }

    static func sample(_ seed: UInt64) throws -> Pin {
        var random = SeededRandom(seed: seed)
        guard let commit = CommitID(hex: String(random.digest().hex.prefix(40))) else { throw SeedError() }
        let tree = Pin.Tree(digest: random.digest(), byteCount: 10, fileCount: 2)
        return try Pin(
            project: try random.name(), commit: commit, code: tree, patch: seed % 2 == 0 ? nil : tree,
            lock: try LockTarget.sample(random.next() % 4, isStored: true, &random),
            command: seed % 3 == 0 ? [] : ["python3", "tr\"ain\u{e9}\n.py"],
            environment: seed % 3 == 1 ? [] : ["CUDA_VISIBLE_DEVICES"],
            image: seed % 4 == 0 ? nil : "team/image@\(random.digest().text)",
            seed: seed % 5 == 0 ? nil : seed)
    }
}
