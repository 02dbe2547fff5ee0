// SPDX-License-Identifier: Apache-2.0
internal import RegKit

/// One line that says how far a verb is.
struct ProgressLine {
    let progress: Progress
    /// Bytes a second, where known.
    let rate: Double?

    /// For a log file: `push: 41%, 1.2/2.9 GiB, 123.0 MiB/s, 0:14 left, 800.0 MiB saved`.
    var plain: String {
        let parts = [percent.map { "\($0)%" }, amount, rateText, timeLeft, saved, compressed].compactMap {
            $0
        }
        return "\(progress.phase): " + parts.joined(separator: ", ")
    }

    /// For a terminal, in less than `columns`: as many parts as fit, and a bar in what room they leave.
    func bar(columns: Int) -> String {
        let head = [progress.phase, percent.map { $0 < 10 ? "  \($0)%" : $0 < 100 ? " \($0)%" : "\($0)%" }]
        var line = head.compactMap { $0 }.joined(separator: " ")
        var tail = ""
        for part in [amount, rateText, timeLeft, saved, compressed].compactMap({ $0 }) {
            guard line.count + tail.count + 2 + part.count < columns else { break }
            tail += "  " + part
        }
        let room = min(30, columns - 1 - line.count - tail.count - 4)
        if let percent, room >= 8 {
            let filled = room * percent / 100
            line +=
                "  [" + String(repeating: "#", count: filled) + String(repeating: " ", count: room - filled)
                + "]"
        }
        return String((line + tail).prefix(max(0, columns - 1)))
    }

    private var percent: Int? {
        guard let total = progress.totalByteCount, total > 0 else { return nil }
        return Int(100 * Double(min(progress.doneByteCount, total)) / Double(total))
    }

    private var amount: String {
        guard let total = progress.totalByteCount else { return sizeText(progress.doneByteCount) }
        let size = SizeText(total)
        return "\(size.number(of: progress.doneByteCount))/\(size.text)"
    }

    private var rateText: String? { rate.map { sizeText(UInt64(min($0, 1e18))) + "/s" } }

    /// Left out where it would be no more than a guess.
    private var timeLeft: String? {
        guard let rate, rate >= 1, let total = progress.totalByteCount, total > progress.doneByteCount else {
            return nil
        }
        let seconds = Double(total - progress.doneByteCount) / rate
        return seconds < 360_000 ? durationText(.seconds(seconds.rounded(.up))) + " left" : nil
    }

    private var saved: String? {
        progress.savedByteCount > 0 ? sizeText(progress.savedByteCount) + " saved" : nil
    }

    private var compressed: String? {
        progress.compressedByteCount > 0 ? sizeText(progress.compressedByteCount) + " compressed" : nil
    }
}
