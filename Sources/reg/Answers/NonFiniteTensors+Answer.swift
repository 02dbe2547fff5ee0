// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJSON
internal import RegKit
internal import RegLock

extension NonFiniteTensors {
    private static let lineLimit = 5

    var json: JSON {
        ["tensors": .count(count), "first": .array(first.map(\.json))]
    }

    /// One line for each of the first few.
    func warnings(of artifact: ArtifactName) -> [String] {
        let lines = first.prefix(NonFiniteTensors.lineLimit).map { "\(artifact): \($0.text)" }
        let rest = count - UInt64(lines.count)
        return lines
            + (rest > 0 ? ["\(artifact): and \(countText(rest, "tensor")) more with NaN or infinities"] : [])
    }
}

extension NonFiniteTensors.Tensor {
    fileprivate var json: JSON {
        var members: JSONObject = [:]
        members.setPath("file", file)
        members["tensor"] = .string(name)
        members["nan"] = .count(nanCount)
        members["inf"] = .count(infiniteCount)
        return .object(members)
    }

    fileprivate var text: String {
        let counts = [(nanCount, "NaN"), (infiniteCount, "infinite")].filter { $0.0 > 0 }
        return
            "\(printable(name)) in \(printable(file)) has \(counts.map { "\($0.0) \($0.1)" }.joined(separator: " and ")) of \(countText(elementCount, "element"))"
    }
}
