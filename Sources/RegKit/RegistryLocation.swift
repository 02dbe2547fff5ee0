// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegProcess
internal import RegStore

/// Where a registry is, as somebody wrote it.
struct RegistryLocation: Equatable {
    /// Who said so; the first that says anything counts.
    enum Source: Equatable { case flag, environment, userSettings, project, embedded }

    let directory: BytePath
    let source: Source

    /// How it is shown and kept in `reg.toml`.
    var text: String { printable(directory) }

    var store: DirectoryStore { DirectoryStore(root: directory) }

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
            directory = absolute(BytePath(path.utf8))
            return
        }
        guard !text.contains("://") else {
            throw RegError(
                .usage, "\(printable(text)) is no registry that this reg knows", hint: "use a directory")
        }
        directory = absolute(BytePath(text), from: base)
    }

    private init(embedded directory: BytePath) {
        self.directory = directory
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
