// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegHash
internal import RegJobs
internal import RegPack
internal import RegStore

/// Reads chunks and pages from the first of several stores that has their pack.
final class CopyReader: Sendable {
    /// The store of the clone first, the registry last.
    private let stores: [any ObjectStore]
    /// Whether the last of them is known to have a pack, without asking it.
    private let isKnown: @Sendable (PackName) throws -> Bool
    /// By pack: the index of the store that has it, nil for none.
    private let places = Monitor<[PackName: Int?]>([:])

    /// Pages that were read, as long as they are few: a pull goes through its manifest twice.
    private let pages = Monitor(PageCache())

    private struct PageCache {
        static let limit = 16 << 20
        var bytes: [Digest: [UInt8]] = [:]
        var byteCount = 0
    }

    init(_ stores: [any ObjectStore], isKnown: @escaping @Sendable (PackName) throws -> Bool = { _ in false })
    {
        self.stores = stores
        self.isKnown = isKnown
    }

    /// Whether any store has the pack.
    func has(_ pack: PackName) throws -> Bool { try place(of: pack) != nil }

    /// The index of the first store that has the pack.
    private func place(of pack: PackName) throws -> Int? {
        if let known = places.with({ $0[pack] }) { return known }
        let place = try stores.indices.first { index in
            if index == stores.count - 1, try isKnown(pack) { return true }
            return try stores[index].size(of: .pack(pack)) != nil
        }
        places.with { $0[pack] = .some(place) }
        return place
    }

    /// The index of the store to read the pack from: the last one is not asked first.
    private func source(of pack: PackName) throws -> Int? {
        if let known = places.with({ $0[pack] }) { return known }
        return try stores.indices.dropLast().first { try stores[$0].size(of: .pack(pack)) != nil }
            ?? stores.indices.last
    }

    /// How many bytes between two chunks are read along rather than asked for in two requests.
    var gapLimit: UInt64 { isNetworked ? 128 << 10 : 0 }

    /// Whether the registry is asked over a network.
    var isNetworked: Bool { stores.last?.traffic != nil }

    /// Whether a pack comes over a network: then every chunk of it is checked as it comes.
    func isRemote(_ pack: PackName) throws -> Bool {
        try isNetworked && source(of: pack) == stores.count - 1
    }

    /// Fills `buffer` with the bytes of `pack` from `offset` on.
    ///
    /// `arrived`: called as they come, with how many there are from the buffer's start on.
    func read(
        _ pack: PackName, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer,
        _ mode: ReadMode = .usual,
        arrived: (Int) -> Void = { _ in }
    ) throws {
        guard let source = try source(of: pack) else { throw isNowhere(pack) }
        do { try stores[source].read(.pack(pack), at: offset, into: buffer, mode, arrived: arrived) } catch {
            if case .notFound = error { throw isNowhere(pack) }
            throw error
        }
    }

    private func isNowhere(_ pack: PackName) -> RegError {
        RegError(
            .notFound,
            "pack \(pack.hex) is nowhere: not in \(stores.map(\.location).joined(separator: ", nor in "))",
            hint: "see what it hurts: reg verify")
    }

    /// A page that was read before, if it is still remembered.
    func remembered(_ page: Digest) -> [UInt8]? { pages.with { $0.bytes[page] } }

    func remember(_ page: Digest, _ bytes: [UInt8]) {
        pages.with { pages in
            guard pages.byteCount + bytes.count <= PageCache.limit else { return }
            pages.bytes[page] = bytes
            pages.byteCount += bytes.count
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
