// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegGit

/// What `git ls-tree -z -l` prints, in blocks: the first byte says how long they are.
enum GitFilesTarget: FuzzTarget {
    static let name = "git-files"

    static func run(_ input: [UInt8]) {
        guard let size = input.first else { return }
        let output = Array(input.dropFirst())
        let files = files(output, blockSize: output.count)
        claim(self.files(output, blockSize: Int(size) + 1) == files, "how output comes changes nothing")
        guard let files else { return }
        claim(files.count == output.count { $0 == 0 }, "each record is a file")
    }

    private static func files(_ output: [UInt8], blockSize: Int) -> [GitFile]? {
        var splitter = RecordSplitter(command: "ls-tree")
        var files: [GitFile] = []
        do {
            for start in stride(from: 0, to: output.count, by: max(blockSize, 1)) {
                let block = Array(output[start..<min(start + blockSize, output.count)])
                try splitter.add(block) { record throws(GitError) in
                    guard let file = GitFile(record) else { throw .unexpectedOutput(command: "ls-tree") }
                    files.append(file)
                }
            }
            try splitter.finish()
        } catch { return nil }
        return files
    }

    static func seeds() -> [[UInt8]] {
        let id = String(repeating: "0a", count: 20)
        let records = [
            "100644 blob \(id)      12\ta.txt\0", "100755 blob \(id)  120000\tbin/run it\0",
            "120000 blob \(id)       3\tlink\0", "160000 commit \(id)       -\tsub\0",
            "100664 blob \(id) 0\t\u{1}\n\0", "040000 tree \(id) -\td\0", "",
        ]
        var seeds = records.map { [7] + Array($0.utf8) }
        for count in 2...7 { seeds.append([UInt8(count)] + Array(records.prefix(count).joined().utf8)) }
        return seeds
    }
}
