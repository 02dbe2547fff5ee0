// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegLock

/// What an artifact probably is, by the names of its files and a look at small JSON files.
struct TypeGuess {
    let type: ArtifactType
    /// Whether git should keep the files: configs, all of them, and below 1 MiB together.
    let belongsInGit: Bool

    private static let gitLimit: UInt64 = 1 << 20
    private static let sampleCount = 2000

    private static let suffixes: [(ArtifactType, Set<String>)] = [
        (
            .weights,
            ["safetensors", "pt", "pth", "ckpt", "gguf", "ggml", "onnx", "h5", "keras", "tflite", "pb"]
        ),
        (.config, ["yaml", "yml", "toml", "ini", "cfg", "env"]),
    ]

    /// Looks at the files of the artifact at `path` below `root`.
    init(path: BytePath, root: Descriptor) throws {
        guard var walk = try TreeWalk(path, below: root) else {
            self.init(type: .other, belongsInGit: false)
            return
        }
        let isAnnotated = path.components.contains { TypeGuess.marksAnnotations($0) }
        var counts: [ArtifactType: Int] = [:]
        var byteCount: UInt64 = 0
        var fileCount = 0
        let isDirectory = try root.status(ofPath: path)?.kind == .directory
        while fileCount < TypeGuess.sampleCount, let entry = try walk.next() {
            guard entry.kind == .file, let status = try entry.directory.status(of: entry.name) else {
                continue
            }
            fileCount += 1
            byteCount += status.size
            let full = isDirectory ? path.appending(entry.prefix.appending(entry.name)) : path
            let type = try TypeGuess.type(of: full, isAnnotated: isAnnotated, status: status, root: root)
            counts[type, default: 0] += 1
        }
        let isAllConfig = fileCount > 0 && counts[.config] == fileCount && fileCount < TypeGuess.sampleCount
        self.init(
            type: TypeGuess.type(
                of: counts, isDirectory: isDirectory, isAllConfig: isAllConfig, isAnnotated: isAnnotated),
            belongsInGit: isAllConfig && byteCount < TypeGuess.gitLimit)
    }

    private init(type: ArtifactType, belongsInGit: Bool) {
        self.type = type
        self.belongsInGit = belongsInGit
    }

    private static func type(
        of counts: [ArtifactType: Int], isDirectory: Bool, isAllConfig: Bool, isAnnotated: Bool
    ) -> ArtifactType {
        if isAllConfig { return .config }
        if isAnnotated { return .annotations }
        if counts[.weights, default: 0] > 0 { return .weights }
        if counts.keys.elementsEqual([.annotations]) { return .annotations }
        if counts.keys.elementsEqual([.metrics]) { return .metrics }
        return isDirectory || counts[.dataset, default: 0] > 0 ? .dataset : .other
    }

    private static func marksAnnotations(_ component: ArraySlice<UInt8>) -> Bool {
        ["annotations", "labels"].contains(String(decoding: component, as: UTF8.self).lowercased())
    }

    private static func type(
        of path: BytePath, isAnnotated: Bool, status: FileStatus, root: Descriptor
    ) throws -> ArtifactType {
        let name = path.lastComponent.lossy.lowercased()
        let suffix = name.split(separator: ".").last.map(String.init) ?? ""
        if name.hasPrefix("metrics.") && ["json", "jsonl"].contains(suffix) { return .metrics }
        if suffix == "bin" && (name.hasPrefix("pytorch_model") || name.hasPrefix("model")) { return .weights }
        for (type, known) in suffixes where known.contains(suffix) { return type }
        if suffix == "json" && !isAnnotated {
            return try isCOCO(path, root: root) ? .annotations : .config
        }
        return ["csv", "tsv", "parquet", "arrow", "npy", "npz", "tar", "zip", "jsonl", "tfrecord"].contains(
            suffix)
            ? .dataset : .other
    }

    /// Whether the beginning of a JSON file has the keys of COCO annotations.
    private static func isCOCO(_ path: BytePath, root: Descriptor) throws -> Bool {
        var start = [UInt8](repeating: 0, count: 1 << 16)
        let file = try root.openBeneath(path, .read)
        let size = try file.status().size
        let count = try start.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        var text = String(decoding: start.prefix(count), as: UTF8.self)
        if size > UInt64(2 * start.count) {
            let tail = try start.withUnsafeMutableBytes {
                try file.read(into: $0, at: size - UInt64($0.count))
            }
            text += String(decoding: start.prefix(tail), as: UTF8.self)
        }
        return ["\"images\"", "\"annotations\"", "\"categories\""].filter { text.contains($0) }.count >= 2
    }
}
