// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegLock
internal import RegProcess

/// What comes while blobs are read: for each one `start`, its blocks in order, `end`.
package enum BlobPart: Equatable, Sendable {
    /// `index` is the blob's place in the list asked for; `size` is in bytes.
    case start(index: Int, size: UInt64)
    /// At most 64 KiB, never empty.
    case block([UInt8])
    case end
}

extension Git {
    /// Reads blobs by their names, in order, through one process and with little memory however long they are.
    ///
    /// Untyped, since errors of `each` pass through.
    /// - Throws: `missingObject` for a name that is no blob here; what `each` throws.
    package func readBlobs(_ ids: [String], each: (BlobPart) throws -> Void) throws {
        guard !ids.isEmpty else { return }
        for id in ids where CommitID(objectFormat: objectFormat, hex: id) == nil {
            throw GitError.missingObject(id)
        }
        let input = ids.flatMap { Array($0.utf8) + [UInt8(ascii: "\n")] }
        var reader = BlobReader(ids: ids)
        let outcome: Subprocess.Outcome
        do {
            outcome = try program.subprocess("cat-file", ["--batch", "--buffer"], input: input)
                .stream { try reader.add($0, each) }
        } catch let error as SubprocessError {
            throw GitError.process(error)
        }
        guard outcome.isSuccess else { throw outcome.failure(of: "cat-file") }
        guard reader.isComplete else { throw GitError.unexpectedOutput(command: "cat-file") }
    }
}

/// Takes apart what `git cat-file --batch` prints: for each blob a line, its bytes, a newline.
package struct BlobReader {
    private enum State {
        case line([UInt8])
        case content(left: UInt64)
        case newline
    }

    private let ids: [String]
    private var index = 0
    private var state = State.line([])

    package init(ids: [String]) { self.ids = ids }

    package var isComplete: Bool {
        guard case .line(let start) = state else { return false }
        return start.isEmpty && index == ids.count
    }

    package mutating func add(_ block: [UInt8], _ each: (BlobPart) throws -> Void) throws {
        var rest = block[...]
        while !rest.isEmpty {
            switch state {
            case .line(let start): try takeLine(start, &rest, each)
            case .content(let left): try takeContent(left, &rest, each)
            case .newline: try takeNewline(&rest, each)
            }
        }
    }

    private mutating func takeLine(
        _ start: [UInt8], _ rest: inout ArraySlice<UInt8>, _ each: (BlobPart) throws -> Void
    ) throws {
        let part = rest.prefix { $0 != UInt8(ascii: "\n") }
        let line = start + part
        guard line.count <= 256, index < ids.count else { throw unexpected }
        guard part.endIndex < rest.endIndex else {
            rest = []
            state = .line(line)
            return
        }
        rest = rest[(part.endIndex + 1)...]
        let size = try size(line)
        try each(.start(index: index, size: size))
        state = size == 0 ? .newline : .content(left: size)
    }

    /// The size in `<name> blob <size>`.
    private func size(_ line: [UInt8]) throws -> UInt64 {
        let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        guard words.first == ids[index] else { throw unexpected }
        if words.count == 2 && words[1] == "missing" { throw GitError.missingObject(ids[index]) }
        guard words.count == 3, let size = UInt64(words[2]) else { throw unexpected }
        guard words[1] == "blob" else { throw GitError.missingObject(ids[index]) }
        return size
    }

    private mutating func takeContent(
        _ left: UInt64, _ rest: inout ArraySlice<UInt8>, _ each: (BlobPart) throws -> Void
    ) throws {
        let block = rest.prefix(Int(clamping: left))
        rest = rest[block.endIndex...]
        try each(.block(Array(block)))
        let after = left - UInt64(block.count)
        state = after == 0 ? .newline : .content(left: after)
    }

    private mutating func takeNewline(
        _ rest: inout ArraySlice<UInt8>, _ each: (BlobPart) throws -> Void
    ) throws {
        guard rest.popFirst() == UInt8(ascii: "\n") else { throw unexpected }
        try each(.end)
        index += 1
        state = .line([])
    }

    private var unexpected: GitError { .unexpectedOutput(command: "cat-file") }
}
