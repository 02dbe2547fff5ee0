// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegPack
internal import RegStore

/// Reads chunks and pages from the first of several stores that has their pack.
final class CopyReader: Sendable {
    /// The store of the clone first, then the registry.
    private let stores: [any ObjectStore]
    /// By pack: the index of the store that has it, nil for none.
    private let places = Monitor<[PackName: Int?]>([:])

    /// Pages that were read, as long as they are few: a pull goes through its manifest twice.
    private let pages = Monitor(PageCache())

    private struct PageCache {
        static let limit = 16 << 20
        var bytes: [Digest: [UInt8]] = [:]
        var byteCount = 0
    }

    init(_ stores: [any ObjectStore]) { self.stores = stores }

    /// Whether any store has the pack.
    func has(_ pack: PackName) throws -> Bool { try place(of: pack) != nil }

    /// Whether the store at `index` is the one that the pack is read from.
    private func place(of pack: PackName) throws -> Int? {
        if let known = places.with({ $0[pack] }) { return known }
        let place = try stores.firstIndex { try $0.size(of: .pack(pack)) != nil }
        places.with { $0[pack] = .some(place) }
        return place
    }

    /// Fills `buffer` with the bytes of `pack` from `offset` on.
    func read(_ pack: PackName, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws {
        guard let place = try place(of: pack) else {
            throw RegError(
                .notFound,
                "pack \(pack.hex) is nowhere: not in \(stores.map(\.location).joined(separator: ", nor in "))",
                hint: "see what it hurts: reg verify")
        }
        try stores[place].read(.pack(pack), at: offset, into: buffer)
    }

    /// The raw bytes of a page, not yet judged.
    func page(_ reference: Manifest.PageReference) throws -> [UInt8] {
        if let known = pages.with({ $0.bytes[reference.id] }) { return known }
        let bytes = try readPage(reference)
        pages.with { pages in
            guard pages.byteCount + bytes.count <= PageCache.limit else { return }
            pages.bytes[reference.id] = bytes
            pages.byteCount += bytes.count
        }
        return bytes
    }

    private func readPage(_ reference: Manifest.PageReference) throws -> [UInt8] {
        let copy = reference.copy
        let rawLength = Int(reference.rawLength)
        let subject = "a page at byte \(copy.offset) of pack \(copy.pack.hex)"
        do {
            try copy.codec.checkLengths(
                stored: Int(copy.storedLength), raw: rawLength, limit: EntryKind.page.rawLimit)
            guard Int(copy.storedLength) <= CodecLimit.storedByteCount(raw: rawLength) else {
                throw RegError(.corrupt, "\(subject) is damaged: it is longer than it can be")
            }
            var stored = [UInt8](repeating: 0, count: Int(copy.storedLength))
            try stored.withUnsafeMutableBytes { try read(copy.pack, at: copy.offset, into: $0) }
            var raw = [UInt8](repeating: 0, count: rawLength)
            try stored.withUnsafeBytes { source in
                try raw.withUnsafeMutableBytes { try copy.codec.decode(source, into: $0) }
            }
            return raw
        } catch let error as CodecError {
            throw RegError.codec(error, of: subject)
        }
    }
}

extension RegError {
    /// Stored bytes that do not decode.
    static func codec(_ error: CodecError, of subject: String) -> RegError {
        switch error {
        case .unknownCodec(let codec):
            RegError(
                .incapable, "\(subject) is coded with codec \(codec.rawValue), which this reg does not know",
                hint: "update reg")
        case .badLength(_, let stored, let raw):
            RegError(.corrupt, "\(subject) is damaged: \(stored) stored bytes cannot give \(raw)")
        case .corrupt: RegError(.corrupt, "\(subject) is damaged: it does not decode")
        }
    }
}
