// SPDX-License-Identifier: Apache-2.0

import RegChunk

/// The chunk lengths of `file`, which is read in blocks of `block` new bytes.
func chunkLengths(_ file: [UInt8], plan: CutPlan = .content, block: Int = 4 << 20) -> [Int] {
    var cutter = Cutter(plan)
    var lengths: [Int] = []
    var start = 0
    var end = 0
    file.withUnsafeBytes { bytes in
        repeat {
            end = min(end + block, bytes.count)
            let view = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            let more = cutter.cuts(in: view, isEnd: end == bytes.count)
            start += more.reduce(0, +)
            lengths += more
        } while end < bytes.count
    }
    return lengths
}

/// Where chunks end, counted from the file's start.
func cutPlaces(_ file: [UInt8]) -> [Int] {
    var place = 0
    return chunkLengths(file).map { length in
        place += length
        return place
    }
}
