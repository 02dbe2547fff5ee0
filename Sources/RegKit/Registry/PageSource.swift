// SPDX-License-Identifier: Apache-2.0
internal import RegCodec
internal import RegHash
internal import RegManifest
internal import RegPack
internal import RegStore

/// Gives the pages of one manifest, mostly in order; those near each other in a pack are read in one request.
final class PageSource {
    /// Stored bytes that are read at once.
    private static let runLimit: UInt64 = 4 << 20

    private let pages: [Manifest.PageReference]
    private let copies: CopyReader
    /// Where the page is expected that comes next.
    private var position = 0
    /// The stored bytes read last: of one pack, from `runStart` on.
    private var run: [UInt8] = []
    private var runPack: PackName?
    private var runStart: UInt64 = 0

    init(_ manifest: Manifest, _ copies: CopyReader) {
        pages = manifest.pages
        self.copies = copies
    }

    /// The raw bytes of a page; the caller judges them.
    func page(_ reference: Manifest.PageReference) throws -> [UInt8] {
        if position >= pages.count || pages[position] != reference {
            position = pages.firstIndex(of: reference) ?? pages.count
        }
        defer { position += 1 }
        if let known = copies.remembered(reference.id) { return known }
        try checkLengths(of: reference)
        let bytes: [UInt8]
        do {
            bytes = try decode(reference, try stored(reference))
            if try copies.isRemote(reference.copy.pack), Page.id(of: bytes) != reference.id {
                return try pageAgain(reference)
            }
        } catch let error as RegError where error.kind == .corrupt {
            guard try copies.isRemote(reference.copy.pack) else { throw error }
            return try pageAgain(reference)
        }
        copies.remember(reference.id, bytes)
        return bytes
    }

    /// The page once more, by another way: it may have been damaged on this one.
    private func pageAgain(_ reference: Manifest.PageReference) throws -> [UInt8] {
        let copy = reference.copy
        var bytes = [UInt8](repeating: 0, count: Int(copy.storedLength))
        try bytes.withUnsafeMutableBytes { try copies.read(copy.pack, at: copy.offset, into: $0, .again) }
        return try decode(reference, bytes[...])
    }

    /// The stored bytes of a page, from the run that it begins or is in.
    private func stored(_ reference: Manifest.PageReference) throws -> ArraySlice<UInt8> {
        let copy = reference.copy
        if copy.pack != runPack || copy.offset < runStart || copy.end > runStart + UInt64(run.count) {
            try readRun(from: reference)
        }
        let first = Int(copy.offset - runStart)
        return run[first..<first + Int(copy.storedLength)]
    }

    private func readRun(from reference: Manifest.PageReference) throws {
        let first = reference.copy
        var end = first.end
        for next in pages.dropFirst(position + 1).lazy.map(\.copy) {
            guard next.pack == first.pack, next.offset >= end, next.offset - end <= copies.gapLimit,
                next.end - first.offset <= PageSource.runLimit
            else { break }
            end = next.end
        }
        runPack = nil
        run = [UInt8](repeating: 0, count: Int(end - first.offset))
        try run.withUnsafeMutableBytes { try copies.read(first.pack, at: first.offset, into: $0) }
        (runPack, runStart) = (first.pack, first.offset)
    }

    private func subject(_ reference: Manifest.PageReference) -> String {
        "a page at byte \(reference.copy.offset) of pack \(reference.copy.pack.hex)"
    }

    private func checkLengths(of reference: Manifest.PageReference) throws {
        let (stored, raw) = (Int(reference.copy.storedLength), Int(reference.rawLength))
        do {
            try reference.copy.codec.checkLengths(stored: stored, raw: raw, limit: EntryKind.page.rawLimit)
        } catch { throw RegError.codec(error, of: subject(reference)) }
        guard stored <= CodecLimit.storedByteCount(raw: raw) else {
            throw RegError(.corrupt, "\(subject(reference)) is damaged: it is longer than it can be")
        }
    }

    private func decode(_ reference: Manifest.PageReference, _ stored: ArraySlice<UInt8>) throws -> [UInt8] {
        var raw = [UInt8](repeating: 0, count: Int(reference.rawLength))
        do {
            try stored.withUnsafeBytes { source in
                try raw.withUnsafeMutableBytes { try reference.copy.codec.decode(source, into: $0) }
            }
        } catch let error as CodecError { throw RegError.codec(error, of: subject(reference)) }
        return raw
    }
}
