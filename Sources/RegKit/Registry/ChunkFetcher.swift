// SPDX-License-Identifier: Apache-2.0
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegPack

/// Brings single chunks, several requests at a time, each checked against its id.
struct ChunkFetcher {
    /// Chunks on their way, with the numbers that the caller knows them by.
    // Unchecked: stages pass it on.
    private final class Slot: @unchecked Sendable {
        let block: PullBlock
        var numbers: [Int] = []

        init(target: Int) { block = PullBlock(target: target) }
    }

    /// More would be many requests one after another where chunks lie far apart.
    private static let chunkLimit = 16

    private let copies: CopyReader
    private let readerCount: Int
    private let slots: [Slot]

    init(_ copies: CopyReader, session: Session) {
        self.copies = copies
        readerCount = copies.isNetworked ? max(session.jobs, session.connectionCount) : session.jobs
        let count = readerCount + 1
        let target = copies.isNetworked ? PullBlock.remoteTarget(sharedBy: count) : PullBlock.usualTarget
        slots = (0..<count).map { _ in Slot(target: target) }
    }

    /// Reads chunks and gives each to `take`, from several threads, in any order.
    ///
    /// `chunks`: with a number for each.
    /// `subject`: what they are of, for messages.
    func fetch(
        _ chunks: some Sequence<(number: Int, row: ChunkRow)>, of subject: String,
        _ take: @escaping @Sendable (Int, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let copies = copies
        try Pipeline.run(
            slots: slots,
            stages: [
                .parallel(readerCount) { slot in
                    try slot.block.read(copies)
                    for (place, number) in slot.numbers.enumerated() {
                        let chunk = slot.block.chunks[place]
                        guard slot.block.isVerified || slot.block.id(of: chunk) == chunk.row.id else {
                            throw RegError.damaged(chunk.row.copy, of: subject)
                        }
                        try take(number, slot.block.bytes(of: place..<place + 1))
                    }
                }
            ]
        ) { pipeline in
            var current: Slot?
            for (number, row) in chunks {
                let slot = try current ?? pipeline.acquire()
                if current == nil {
                    slot.block.clear()
                    slot.numbers = []
                }
                slot.block.append(row)
                slot.numbers.append(number)
                current = slot
                if slot.block.isFull || slot.numbers.count == ChunkFetcher.chunkLimit {
                    pipeline.submit(slot)
                    current = nil
                }
            }
            if let current { pipeline.submit(current) }
        }
    }
}

extension RegError {
    /// A chunk whose bytes have not its id.
    static func damaged(_ copy: Copy, of subject: String) -> RegError {
        RegError(
            .corrupt, "\(subject): the chunk at byte \(copy.offset) of pack \(copy.pack.hex) is damaged",
            hint: "see what else it hurts: reg verify --data")
    }
}
