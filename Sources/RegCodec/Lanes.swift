// SPDX-License-Identifier: Apache-2.0
internal import CKernels

/// Numbers taken apart: the first bytes of all elements together, then the second ones, and so on, each of these lanes
/// with a code of its own.
///
/// The exponents of floats come together in one lane, and are few.
/// - SeeAlso: docs/format.md, "Lanes".
package enum Lanes {
    /// Bytes of an element.
    package enum ElementSize: UInt32, CaseIterable, Sendable {
        case one = 1
        case two = 2
        case four = 4
        case eight = 8
    }

    /// Which form of the loops runs: they give the same bytes.
    package enum Kernels: CaseIterable, Sendable {
        case best, portable

        var choice: reg_kernels { self == .best ? reg_kernels_best : reg_kernels_portable }
    }

    /// Why bytes are no lanes of so many bytes.
    package struct Malformed: Error, Equatable {}

    /// Writes `raw` to `output`; whole elements less those of `base`, which is as long, where there is one.
    ///
    /// - Returns: the bytes written; nil where there is no room for them, or not one whole element.
    package static func encode(
        _ raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer? = nil, elementSize: ElementSize,
        into output: UnsafeMutableRawBufferPointer, kernels: Kernels = .best
    ) -> Int? {
        precondition(base.map { $0.count == raw.count } ?? true)
        guard let source = raw.bytes, let target = output.bytes else { return nil }
        let length = reg_lanes_encode(
            source, base?.bytes, raw.count, elementSize.rawValue, target, output.count, kernels.choice)
        return length > 0 ? length : nil
    }

    /// Reads lanes, which may be any bytes, into `raw`, which is as long as they have to be.
    ///
    /// Nothing outside `raw` is written, and no memory but the stack is needed.
    package static func decode(
        _ stored: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer? = nil,
        into raw: UnsafeMutableRawBufferPointer, kernels: Kernels = .best
    ) throws(Malformed) {
        guard let source = stored.bytes, let target = raw.bytes, base.map({ $0.count == raw.count }) ?? true
        else { throw Malformed() }
        let status = reg_lanes_decode(
            source, stored.count, base?.bytes, target, raw.count, kernels.choice)
        guard status == 0 else { throw Malformed() }
    }

    /// What lanes would take of the length of `raw`, judged by a sample of about `sampleCount` bytes; 1 for noise.
    package static func share(
        of raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer? = nil, elementSize: ElementSize,
        sampleCount: Int, kernels: Kernels = .best
    ) -> Double {
        guard let source = raw.bytes else { return 1 }
        let share = reg_lanes_guess(
            source, base?.bytes, raw.count, elementSize.rawValue, sampleCount, kernels.choice)
        return Double(share) / Double(reg_lanes_whole)
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var bytes: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate var bytes: UnsafeMutablePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
