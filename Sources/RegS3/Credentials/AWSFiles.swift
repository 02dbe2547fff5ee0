// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegFiles
internal import RegProcess

/// The two files that the AWS tools share, as they are now: `~/.aws/config` and `~/.aws/credentials`.
struct AWSFiles {
    let config: File
    let credentials: File

    struct File {
        let path: BytePath?
        var content = INIFile()
        /// Why nothing could be read, as it reads after the file's name; nil where it was.
        var problem: String?

        /// How messages call it.
        var name: String { path.map { printable($0) } ?? "files of the home directory" }
    }

    static func read(_ environment: ProcessEnvironment) -> AWSFiles {
        AWSFiles(
            config: read("AWS_CONFIG_FILE", or: "~/.aws/config", environment),
            credentials: read("AWS_SHARED_CREDENTIALS_FILE", or: "~/.aws/credentials", environment))
    }

    private static func read(
        _ variable: String, or standard: String, _ environment: ProcessEnvironment
    ) -> File {
        let path = environment.value(variable).map { BytePath($0) } ?? BytePath(standard)
        guard let path = environment.expandingHome(path) else {
            return File(path: nil, problem: "HOME is not set")
        }
        var file = File(path: path)
        do throws(FileError) {
            file.content = INIFile(try readUserFile(path, limit: INIFile.byteLimit))
        } catch {
            file.problem = error.isOverLimit ? "it is longer than \(INIFile.byteLimit) bytes" : error.reason
        }
        return file
    }

    /// What both files say of a profile, that of credentials more; nil where neither knows it.
    func profile(_ name: String) -> INIFile.Section? {
        let inConfig = config.content.section("profile", name)
        let plain = name == "default" ? config.content.sections[name] : nil
        let inCredentials = credentials.content.sections[name]
        let known = [plain, inConfig, inCredentials].compactMap(\.self)
        return known.dropFirst().reduce(known.first) { $0?.overlaid(by: $1) }
    }

    /// The addresses of services that a profile points to.
    func services(of profile: INIFile.Section) -> INIFile.Section? {
        profile["services"].flatMap { config.content.section("services", $0) }
    }

    /// What to say of a profile that is in neither file.
    func missing(_ name: String) -> String {
        let places = [config, credentials].map { file in
            "\(file.name): " + (file.problem ?? "no profile '\(printable(name))'")
        }
        return places[0] == places[1] ? places[0] : places.joined(separator: "; ")
    }
}

extension INIFile {
    /// The section `[kind name]`, where the name may be quoted.
    func section(_ kind: String, _ name: String) -> Section? {
        let titles = sections.keys.filter { commandWords($0) == [kind, name] }.sorted()
        return titles.first.flatMap { sections[$0] }
    }
}

extension ProcessEnvironment {
    /// The value of a variable that is set and not empty.
    func value(_ name: String) -> [UInt8]? { self[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The value as text; nil also where it is not UTF-8.
    func text(_ name: String) -> String? { value(name).flatMap { String(validating: $0, as: UTF8.self) } }

    func isTrue(_ name: String) -> Bool { text(name)?.lowercased() == "true" }

    /// `path` with the home directory in place of a leading `~`; nil where there is none.
    func expandingHome(_ path: BytePath) -> BytePath? {
        guard path.bytes.starts(with: "~/".utf8) else { return path }
        return value("HOME").map { BytePath($0).appending(BytePath(path.bytes.dropFirst(2))) }
    }
}

/// The bytes of a file that the user named, of any kind, at most `limit` (`EFBIG`).
func readUserFile(_ path: BytePath, limit: Int) throws(FileError) -> [UInt8] {
    let file = try Descriptor.open(path, .readThroughLinks)
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16 << 10)
    while true {
        let count = try block.withUnsafeMutableBufferPointer { (buffer) throws(FileError) in
            try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        bytes += block.prefix(count)
        guard bytes.count <= limit else { throw FileError("read", path, code: EFBIG) }
        if count < block.count { return bytes }
    }
}
