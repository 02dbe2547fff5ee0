// SPDX-License-Identifier: Apache-2.0
internal import RegHash
internal import RegTesting

/// A parser, and what must hold of it whatever its input.
protocol FuzzTarget {
    /// The word that picks it on the command line.
    static var name: String { get }

    /// Reads `input`, any bytes at all, and checks what came out by ``claim(_:_:)``.
    static func run(_ input: [UInt8])

    /// Inputs to begin with, made by the project's own encoders.
    static func seeds() throws -> [[UInt8]]
}

var targets: [any FuzzTarget.Type] {
    [
        JSONTarget.self, SafetensorsTarget.self, ContainerTarget.self, CodecTarget.self, LanesTarget.self,
        CutterTarget.self,
        PathTarget.self, PackTarget.self, PageTarget.self, ManifestTarget.self, StatisticsTarget.self,
        TreeTarget.self, RecordTarget.self, PinTarget.self, MetricsTarget.self,
        CheckpointTarget.self,
        JournalTarget.self, RegistryTarget.self, LockTarget.self, SettingsTarget.self, IgnoreTarget.self,
        GitFilesTarget.self, GitBlobsTarget.self, XMLTarget.self, AWSConfigTarget.self, ConfigTarget.self,
        COCOTarget.self, TableTarget.self, LabelTarget.self, MetricTarget.self,
    ]
}

/// Ends the process where a parser does not keep what it promises.
func claim(_ holds: Bool, _ promise: String) {
    if !holds { fatalError("does not hold: \(promise)") }
}

/// A line with the seal that a record has: the fuzzer cannot guess a hash.
func sealed(_ line: [UInt8]) -> [UInt8] { line + Array("\n\(SHA256.digest(of: line).text)\n".utf8) }

extension SeededRandom {
    mutating func digest() -> Digest { SHA256.digest(of: bytes(8)) }

    mutating func bytes(_ count: Int) -> [UInt8] { seededBytes(count: count, seed: next()) }

    mutating func name() throws -> RandomName {
        guard let name = RandomName(bytes(RandomName.byteCount)) else { throw SeedError() }
        return name
    }
}

/// A seed that its own encoder refuses: a mistake in the target.
struct SeedError: Error {}
