// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegProcess
internal import RegS3

/// Where a registry is, as somebody wrote it.
struct RegistryLocation: Equatable {
    /// Who said so; the first that says anything counts.
    enum Source: Equatable { case flag, environment, userSettings, project, embedded }

    enum Place: Equatable {
        case directory(BytePath)
        /// A bucket, and the prefix of the registry's keys in it, without slashes at its ends.
        case bucket(String, prefix: String)
    }

    let place: Place
    let source: Source

    /// Whether asking it needs a network.
    var isRemote: Bool { if case .bucket = place { true } else { false } }

    /// How it is shown and kept in `reg.toml`.
    var text: String {
        switch place {
        case .directory(let directory): printable(directory)
        case .bucket(let name, let prefix): "s3://\(name)\(prefix.isEmpty ? "" : "/\(printable(prefix))")"
        }
    }

    /// `base`: what a relative path is relative to.
    init(_ text: String, source: Source, base: BytePath) throws {
        self.source = source
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw RegError(.usage, "the registry's name is empty")
        }
        if text.hasPrefix("file://") {
            let path = text.dropFirst("file://".count)
            guard path.hasPrefix("/") else {
                throw RegError(
                    .usage, "\(printable(text)) is no registry", hint: "write file:///dir, or just the path")
            }
            place = .directory(absolute(BytePath(path.utf8)))
        } else if text.hasPrefix("s3://") {
            place = try RegistryLocation.bucket(text)
        } else if text.contains("://") {
            throw RegError(
                .usage, "\(printable(text)) is no registry that this reg knows",
                hint: "use a directory, or s3://bucket/prefix")
        } else {
            place = .directory(absolute(BytePath(text), from: base))
        }
    }

    private static func bucket(_ text: String) throws -> Place {
        let parts = text.dropFirst("s3://".count).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var prefix = parts.count > 1 ? parts[1] : ""
        while prefix.hasSuffix("/") { prefix.removeLast() }
        let components = prefix.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain =
            prefix.isEmpty
            || components.allSatisfy { !["", ".", ".."].contains($0) } && prefix.utf8.count <= 800
                && prefix.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
        guard let name = parts.first, Bucket.isName(name), isPlain else {
            throw RegError(
                .usage, "\(printable(text)) is no registry", hint: "write s3://bucket or s3://bucket/prefix")
        }
        return .bucket(String(name), prefix: String(prefix))
    }

    private init(embedded directory: BytePath) {
        place = .directory(directory)
        source = .embedded
    }

    /// The default of a project without a registry of its own: a directory of the user's, found by every clone on
    /// this machine.
    static func embedded(project: RandomName, environment: ProcessEnvironment) throws -> RegistryLocation {
        let data = environment["XDG_DATA_HOME"].flatMap { $0.first == UInt8(ascii: "/") ? BytePath($0) : nil }
        let home = environment["HOME"].map { BytePath($0).appending(".local/share") }
        guard let directory = data ?? home else {
            throw RegError(.usage, "neither XDG_DATA_HOME nor HOME is set", hint: "give --registry")
        }
        return RegistryLocation(embedded: absolute(directory.appending("reg").appending(project.hex)))
    }
}

extension RegError {
    static func noRegistry(_ location: RegistryLocation) -> RegError {
        RegError(
            .notFound, "there is no registry in \(location.text)",
            hint: "'reg push' makes it; or give --registry")
    }
}
