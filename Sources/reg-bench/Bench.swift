// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegFiles

/// Measures reg against the sum of its parts, and its memory and start-up, and prints the tables of
/// docs/benchmarks.md.
///
/// `reg-bench [DIRECTORY]`: works in a new directory below DIRECTORY (default: the current one), which needs 13 GiB.
/// Finds `reg` beside itself. `reg-bench DIRECTORY diff`: the tables of comparing alone. `reg-bench codecs [--base FILE] FILE…`: what codecs make of files.
@main
enum Bench {
    private static let gibibyte: UInt64 = 1 << 30
    private static let rounds = 3

    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        if words.first == "codecs" {
            let hasBase = words.dropFirst().first == "--base"
            let files = Array(words.dropFirst(hasBase ? 3 : 1))
            return try CodecBench().printTable(of: files, base: hasBase ? words.dropFirst(2).first : nil)
        }
        let base = absolute(BytePath(words.first ?? "."))
        let place = base.appending("reg-bench-\(getpid())")
        try makeDirectories(place)
        defer {
            chdir("/")
            system("rm -rf '\(place.lossy)'")
        }
        let bench = try Workbench(place: place)
        if words.dropFirst().first == "diff" {
            try bench.printDiff(byteCount: 2 * gibibyte)
            return FigureBench().printTable()
        }
        try bench.printParts(rounds: rounds, byteCount: 2 * gibibyte)
        try bench.printMemory(byteCount: 5 * gibibyte)
        try bench.printDiff(byteCount: 2 * gibibyte)
        FigureBench().printTable()
        try bench.printStartup(rounds: 20)
    }
}

/// A directory with a git repository, a registry and a file of noise.
struct Workbench {
    private let place: BytePath
    private let reg: String
    private let environment: [String]

    init(place: BytePath) throws {
        self.place = place
        reg = absolute(BytePath(CommandLine.arguments[0])).parent.appending("reg").lossy
        let path = String(cString: getenv("PATH"))
        environment = [
            "PATH=\(path)", "HOME=\(place.lossy)", "XDG_DATA_HOME=\(place.appending("data").lossy)",
            "GIT_AUTHOR_NAME=b", "GIT_AUTHOR_EMAIL=b@b", "GIT_COMMITTER_NAME=b", "GIT_COMMITTER_EMAIL=b@b",
            // Not the repository that the directory may be in.
            "GIT_CEILING_DIRECTORIES=\(place.lossy)",
        ]
    }

    @discardableResult
    private func run(_ arguments: String..., in directory: BytePath) throws -> Usage {
        try reg_bench.run(
            arguments.map { $0 == "reg" ? reg : $0 }, in: directory.lossy, environment: environment)
    }

    // MARK: Tables

    func printParts(rounds: Int, byteCount: UInt64) throws {
        var parts: [Parts] = []
        var stored: [Usage] = []
        var pulled: [Usage] = []
        for _ in 0..<rounds {
            let project = try makeProject(byteCount: byteCount)
            let target = place.appending("copy.bin")
            parts.append(try Parts.measure(project.appending("noise.bin"), writingTo: target))
            unlink(target.lossy)
            let added = try run("reg", "add", "noise.bin", in: project)
            try run("git", "add", "-A", in: project)
            try run("git", "commit", "-qm", "noise", in: project)
            stored.append(try added + run("reg", "push", in: project))
            pulled.append(try pull(project))
            system("rm -rf '\(project.lossy)' '\(place.appending("data").lossy)'")
        }
        print(
            "## 2 GiB of noise: add + push against the parts alone (medians of \(rounds) interleaved rounds)\n"
        )
        print("| what | CPU s | wall s | CPU / wall | peak MiB |\n|---|---|---|---|---|")
        for (name, part) in [
            ("reading", \Parts.reading), ("chunking", \.chunking), ("chunk hashes", \.chunkHash),
            ("file hash", \.fileHash), ("coding", \.coding), ("one O_DIRECT write", \.writing),
            ("**sum of the parts**", \.sum),
        ] {
            print("| \(name) | \(fixed(median(parts.map { $0[keyPath: part] }))) | | | |")
        }
        row("**add + push**", stored)
        row("pull", pulled)
        let ratio = median(stored.map(\.cpuSeconds)) / median(parts.map(\.sum))
        print("\nCPU of add + push / sum of the parts: **\(fixed(ratio))**\n")
    }

    func printMemory(byteCount: UInt64) throws {
        let project = try makeProject(byteCount: byteCount)
        print(
            "## One file of 5 GiB\n\n| what | CPU s | wall s | CPU / wall | peak MiB |\n|---|---|---|---|---|"
        )
        row("add", [try run("reg", "add", "noise.bin", in: project)])
        try run("git", "add", "-A", in: project)
        try run("git", "commit", "-qm", "noise", in: project)
        row("push", [try run("reg", "push", in: project)])
        unlink(project.appending("noise.bin").lossy)
        row("pull", [try run("reg", "pull", in: project)])
        remove(project)
        print("")
    }

    /// Two versions of a model, all of whose weights differ.
    func printDiff(byteCount: UInt64) throws {
        let project = place.appending("models")
        try makeDirectories(project)
        let registry = place.appending("models-registry").lossy
        print(
            "## Two models of \(byteCount >> 30) GiB, bf16: reg diff\n\n| what | CPU s | wall s | CPU / wall | peak MiB |\n|---|---|---|---|---|"
        )
        for version in [1, 2] as [UInt64] {
            let file = project.appending("v\(version).safetensors")
            try SampleModel(byteCount: byteCount).write(file, version: version)
            let usage = try run(
                "reg", "push", file.lossy, "--as", "v\(version)", "--registry", registry, in: project)
            row("push of version \(version)", [usage])
        }
        for level in ["summary", "full"] {
            let usages = try (0..<3).map { _ in
                try run("reg", "diff", "v1", "v2", "--level", level, "--registry", registry, in: project)
            }
            row("\(level), of the registry", usages)
        }
        let usages = try (0..<3).map { _ in
            try run("reg", "diff", "./v1.safetensors", "./v2.safetensors", in: project)
        }
        row("full, of two files", usages)
        print("")
        chdir("/")
        system("rm -rf '\(project.lossy)' '\(registry)'")
    }

    func printStartup(rounds: Int) throws {
        let times = try (0..<rounds).map { _ in try run("reg", "--version", in: place).wallSeconds * 1000 }
        print(
            "## Start\n\n`reg --version`: median \(fixed(median(times))) ms, worst \(fixed(times.max() ?? 0)) ms of \(rounds)"
        )
    }

    private func pull(_ project: BytePath) throws -> Usage {
        let job = place.appending("job")
        try run("git", "clone", "-q", project.lossy, job.lossy, in: place)
        let usage = try run("reg", "pull", in: job)
        chdir("/")
        system("rm -rf '\(job.lossy)'")
        return usage
    }

    /// Removes a project and the registries.
    private func remove(_ project: BytePath) {
        chdir("/")
        system("rm -rf '\(project.lossy)' '\(place.appending("data").lossy)'")
    }

    private func row(_ name: String, _ usages: [Usage]) {
        let cpu = median(usages.map(\.cpuSeconds))
        let wall = median(usages.map(\.wallSeconds))
        let peak = usages.map(\.peakByteCount).max() ?? 0
        print("| \(name) | \(fixed(cpu)) | \(fixed(wall)) | \(fixed(cpu / wall)) | \(peak >> 20) |")
    }

    // MARK: Input

    private func makeProject(byteCount: UInt64) throws -> BytePath {
        let project = place.appending("project")
        try makeDirectories(project)
        try run("git", "init", "-q", in: project)
        try run("reg", "init", in: project)
        try writeNoise(project.appending("noise.bin"), byteCount: byteCount)
        return project
    }

    /// Seeded bytes that no codec shortens, written and read once so that the page cache is warm.
    private func writeNoise(_ path: BytePath, byteCount: UInt64) throws {
        var generator = Noise(seed: 1)
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 20, alignment: 4096)
        defer { block.deallocate() }
        let file = try Descriptor.open(path, .create)
        for _ in 0..<byteCount / UInt64(block.count) {
            generator.fill(block)
            try file.write(UnsafeRawBufferPointer(block))
        }
        try file.sync()
        let again = try Descriptor.open(path, .read)
        while try again.read(into: block) > 0 {}
    }
}

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): fast, and the same bytes every time.
struct Noise {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        for index in 0..<buffer.count / 8 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
            buffer.storeBytes(of: value ^ (value >> 31), toByteOffset: index * 8, as: UInt64.self)
        }
    }
}

private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

/// Two decimals.
func fixed(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}
