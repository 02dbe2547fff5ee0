// SPDX-License-Identifier: Apache-2.0
internal import RegHash
internal import RegLog
internal import RegStore
internal import RegTesting

enum RegistryTarget: FuzzTarget {
    static let name = "registry"

    static func run(_ input: [UInt8]) {
        guard let info = try? RegistryInfo.read(from: MemoryStore([.registry: input])) else { return }
        claim(info.hash == SHA256.digest(of: input), "its hash is that of the stored bytes")
    }

    static func seeds() throws -> [[UInt8]] {
        try (0..<6).flatMap { number in
            let store = MemoryStore()
            _ = try RegistryInfo.create(in: store, time: "2026-01-0\(number + 1)T00:00:00Z")
            guard let bytes = store[.registry] else { throw SeedError() }
            return [bytes, Array(bytes.dropLast())]
        }
    }
}
