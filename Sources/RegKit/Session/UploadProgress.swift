// SPDX-License-Identifier: Apache-2.0
internal import RegJobs

/// How far packs that are finished are on their way to a registry.
final class UploadProgress: Sendable {
    private let observer: ProgressObserver?
    private let progress = Monitor(Progress(phase: "push", totalByteCount: 0))

    init(_ observer: ProgressObserver?) { self.observer = observer }

    /// Takes notice of bytes that are to be sent.
    func expect(_ byteCount: UInt64) {
        progress.with { $0.totalByteCount = ($0.totalByteCount ?? 0) + byteCount }
        add(0)
    }

    /// Takes notice of bytes that were sent; what is made and sent in one go is nobody's to expect.
    func add(_ byteCount: UInt64) {
        guard let observer else { return }
        let current: Progress? = progress.with { progress in
            guard progress.totalByteCount != 0 else { return nil }
            progress.doneByteCount += byteCount
            return progress
        }
        if let current { observer(current) }
    }
}
