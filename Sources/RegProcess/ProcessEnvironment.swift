// SPDX-License-Identifier: Apache-2.0
// The C library declares `environ` as a plain variable; reg never changes it.
@preconcurrency internal import Glibc
package import RegBytes

/// The environment variables of a program to start, as bytes.
package struct ProcessEnvironment: Sendable {
    /// `NAME=value` each, in the order of the system.
    private(set) var entries: [[UInt8]] = []

    /// No variable at all.
    package init() {}

    /// What this process was started with.
    package static var inherited: ProcessEnvironment {
        var result = ProcessEnvironment()
        var next = environ
        while let entry = next.pointee {
            let text = UnsafeRawBufferPointer(start: entry, count: strlen(entry))
            result.entries.append(Array(text))
            next += 1
        }
        return result
    }

    /// Variables by which users hand secrets to what speaks to buckets.
    package static let secretNames = [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ]

    /// The value of a variable; setting nil removes it.
    package subscript(name: String) -> [UInt8]? {
        get {
            let prefix = Array((name + "=").utf8)
            return entries.first { $0.starts(with: prefix) }.map { Array($0.dropFirst(prefix.count)) }
        }
        set {
            let prefix = Array((name + "=").utf8)
            entries.removeAll { $0.starts(with: prefix) }
            if let newValue { entries.append(prefix + newValue) }
        }
    }

    /// This environment with some variables set.
    package func setting(_ variables: KeyValuePairs<String, String>) -> ProcessEnvironment {
        var result = self
        for (name, value) in variables { result[name] = Array(value.utf8) }
        return result
    }

    /// The file that runs as `name`: the first executable one in the directories of `PATH`.
    ///
    /// Relative and empty entries of `PATH` are passed over: they would let a repository that somebody merely looks
    /// into choose the program.
    package func executable(named name: String) -> BytePath? {
        let path = self["PATH"] ?? Array("/usr/local/bin:/usr/bin:/bin".utf8)
        return path.split(separator: UInt8(ascii: ":")).lazy
            .filter { $0.first == UInt8(ascii: "/") }
            .map { BytePath($0).appending(name) }
            .first(where: isExecutableFile)
    }
}

private func isExecutableFile(_ path: BytePath) -> Bool {
    let text = path.bytes + [0]
    var status = stat()
    return text.withUnsafeBytes { buffer in
        guard let name = buffer.bindMemory(to: CChar.self).baseAddress else { return false }
        return stat(name, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(name, X_OK) == 0
    }
}

/// The number of the process that has started this one.
package func parentProcessNumber() -> Int32 { getppid() }
