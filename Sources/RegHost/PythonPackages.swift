// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegFiles
package import RegJSON
package import RegProcess

/// A Python and what is installed for it.
package struct PythonPackages: Equatable, Sendable {
    package let version: String
    /// By their names, as `pip list` has them.
    package let packages: JSONObject

    package init(version: String, packages: JSONObject) {
        self.version = version
        self.packages = packages
    }

    package var json: JSON { ["version": .string(version), "packages": .object(packages)] }

    private static let script: Subprocess.Argument = """
        import importlib.metadata, json, platform
        packages = {}
        for found in importlib.metadata.distributions():
            name = found.metadata["Name"]
            if isinstance(name, str) and isinstance(found.version, str):
                packages.setdefault(name, found.version)
        print(json.dumps({"version": platform.python_version(), "packages": dict(sorted(packages.items()))}))
        """
    private static let outputLimit = 4 << 20

    /// Asks the Python that the command of these words runs with, else the first `python3` of `PATH`: for at most 20 s.
    ///
    /// `directory`: where the command starts; absolute. Nil where there is none, or it does not answer.
    package static func collect(
        _ words: [Subprocess.Argument], environment: ProcessEnvironment, in directory: BytePath
    ) -> PythonPackages? {
        guard
            let program = interpreter(of: words, environment, in: directory)
                ?? environment.executable(named: "python3")
        else { return nil }
        var environment = environment.withoutSecrets
        environment["PYTHONDONTWRITEBYTECODE"] = [UInt8(ascii: "1")]
        // Not where the command starts: modules there would stand in the place of Python's own.
        let asking = Subprocess(
            program: program, arguments: ["-c", script], environment: environment, directory: BytePath("/"))
        guard let outcome = try? asking.run(outputLimit: outputLimit, timeLimit: .seconds(20)),
            outcome.isSuccess, let found = try? JSON.parse(outcome.output),
            let version = found["version"]?.stringValue, let packages = found["packages"]?.objectValue
        else { return nil }
        return PythonPackages(version: version, packages: packages)
    }

    /// The Python that a command is, or that its script names in its first line.
    private static func interpreter(
        of words: [Subprocess.Argument], _ environment: ProcessEnvironment, in directory: BytePath
    ) -> BytePath? {
        guard let program = executable(words.first?.bytes ?? [], environment, in: directory) else {
            return nil
        }
        if isPython(program) { return program }
        guard let first = firstWords(of: program), let named = first.first else { return nil }
        if isPython(BytePath(named)) { return executable(named, environment, in: directory) }
        let isEnv = BytePath(named).lastComponent == BytePath("env")
        guard isEnv, let name = first.dropFirst().first, isPython(BytePath(name)) else { return nil }
        return executable(name, environment, in: directory)
    }

    private static func executable(
        _ word: [UInt8], _ environment: ProcessEnvironment, in directory: BytePath
    ) -> BytePath? {
        if word.contains(UInt8(ascii: "/")) { return absolute(BytePath(word), from: directory) }
        guard let name = BytePath(word).utf8 else { return nil }
        return environment.executable(named: name)
    }

    private static func isPython(_ path: BytePath) -> Bool {
        path.lastComponent.bytes.starts(with: "python".utf8)
    }

    /// The words after `#!` in the first line of a script.
    private static func firstWords(of path: BytePath) -> [[UInt8]]? {
        guard let file = try? Descriptor.open(path, .readThroughLinks) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = bytes.withUnsafeMutableBytes { try? file.read(into: $0) }
        let line = bytes.prefix(count ?? 0).prefix { $0 != UInt8(ascii: "\n") }
        guard line.starts(with: "#!".utf8) else { return nil }
        return line.dropFirst(2).split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map(Array.init)
    }
}
