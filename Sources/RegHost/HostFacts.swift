// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegFiles
package import RegJSON
internal import RegJobs
package import RegProcess

/// What a machine is, as far as it can matter for what a run measures; what cannot be found out is left out.
package struct HostFacts: Equatable, Sendable {
    package struct GPU: Equatable, Sendable {
        package let name: String
        package let driver: String
        /// In bytes.
        package let memory: UInt64?

        package init(name: String, driver: String, memory: UInt64?) {
            self.name = name
            self.driver = driver
            self.memory = memory
        }
    }

    package var name: String
    /// The system's name and release.
    package var kernel: String?
    package var architecture: String?
    package var processor: String?
    package var processorCount: Int
    /// In bytes.
    package var memory: UInt64?
    /// Empty also where nobody can tell.
    package var gpus: [GPU]

    /// Asks the system, and `nvidia-smi` where there is one: for at most 5 s.
    package static func collect(_ environment: ProcessEnvironment) -> HostFacts {
        let release = line(of: "/proc/sys/kernel/osrelease")
        let type = line(of: "/proc/sys/kernel/ostype")
        return HostFacts(
            name: hostName(), kernel: type.flatMap { type in release.map { "\(type) \($0)" } },
            architecture: architecture(),
            processor: value(of: "model name", in: "/proc/cpuinfo"),
            processorCount: RegJobs.processorCount(),
            memory: value(of: "MemTotal", in: "/proc/meminfo").flatMap(byteCount), gpus: gpus(environment))
    }

    package var json: JSON {
        [
            "name": .string(name), "kernel": kernel.json, "architecture": architecture.json,
            "processor": processor.json, "processors": .integer(Int64(processorCount)),
            "memory": memory.json,
            "gpus": .array(
                gpus.map {
                    ["name": .string($0.name), "driver": .string($0.driver), "memory": $0.memory.json]
                }),
        ]
    }

    private static func architecture() -> String? {
        var names = utsname()
        guard uname(&names) == 0 else { return nil }
        return withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    // MARK: GPUs

    private static func gpus(_ environment: ProcessEnvironment) -> [GPU] {
        guard let program = environment.executable(named: "nvidia-smi") else { return [] }
        let query: [Subprocess.Argument] = [
            "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader",
        ]
        let asking = Subprocess(
            program: program, arguments: query, environment: environment.withoutSecrets,
            directory: BytePath("/"))
        // Where it fails, or takes long, there is no driver that works.
        guard let outcome = try? asking.run(outputLimit: 64 << 10, timeLimit: .seconds(5)), outcome.isSuccess
        else { return [] }
        return gpus(listed: outcome.output)
    }

    /// The GPUs that `nvidia-smi` lists, one a line: name, driver, memory.
    package static func gpus(listed text: [UInt8]) -> [GPU] {
        text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: ",")).map(trimmed)
            guard fields.count >= 3 else { return nil }
            return GPU(
                name: fields.dropLast(2).joined(separator: ", "), driver: fields[fields.count - 2],
                memory: byteCount(fields[fields.count - 1]))
        }
    }
}

/// A number and its unit, as `nvidia-smi` and the kernel write them (`81559 MiB`, `16384 kB`, both in powers of two).
private func byteCount(_ text: String) -> UInt64? {
    let parts = text.split(separator: " ")
    guard parts.count == 2, let number = UInt64(parts[0]) else { return nil }
    let units: [String: UInt64] = ["kB": 1 << 10, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]
    guard let unit = units[String(parts[1])] else { return nil }
    let (product, isOver) = number.multipliedReportingOverflow(by: unit)
    return isOver ? nil : product
}

/// The first line of a file of the kernel's; nil where there is none.
private func line(of path: String) -> String? {
    beginning(of: path).split(separator: UInt8(ascii: "\n")).first.map(trimmed)
}

/// What stands after the first `key` and a colon.
private func value(of key: String, in path: String) -> String? {
    for line in beginning(of: path).split(separator: UInt8(ascii: "\n")) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
        if trimmed(line[..<colon]) == key { return trimmed(line[(colon + 1)...]) }
    }
    return nil
}

/// The first bytes of a file whose size the kernel does not know.
private func beginning(of path: String) -> [UInt8] {
    guard let file = try? Descriptor.open(BytePath(path), .read) else { return [] }
    var bytes = [UInt8](repeating: 0, count: 16 << 10)
    let count = bytes.withUnsafeMutableBytes { try? file.read(into: $0) }
    return Array(bytes.prefix(count ?? 0))
}

private func trimmed(_ text: ArraySlice<UInt8>) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    var text = text.drop(while: isSpace)
    while let last = text.last, isSpace(last) { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
}

extension String? {
    fileprivate var json: JSON { map { .string($0) } ?? .null }
}

extension UInt64? {
    fileprivate var json: JSON { map { .integer(Int64(clamping: $0)) } ?? .null }
}

extension ProcessEnvironment {
    /// This environment without what speaks to buckets needs.
    var withoutSecrets: ProcessEnvironment {
        var result = self
        for name in ProcessEnvironment.secretNames { result[name] = nil }
        return result
    }
}
