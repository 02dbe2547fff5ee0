// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegJSON

/// How one artifact lies in a working tree, where that is not simply whole.
struct Checkout: Equatable {
    /// What was pulled of it: the files that these patterns cover; empty for all.
    var only: [PathPattern] = []
    var links = LinkPolicy.keep

    /// Whether a file, its path relative to the artifact, belongs here.
    func holds(_ path: BytePath) -> Bool { only.isEmpty || only.contains { $0.covers(path) } }

    var isWhole: Bool { only.isEmpty }
}

/// The checkouts of one working tree: a small file of the state directory for each artifact that is not simply whole.
///
/// Not in the catalog, which may be lost: a file that was left out on purpose would then look like a deleted one. Always
/// inside git's own directory, also where that is on a network file system: each file is replaced whole.
struct Checkouts {
    private static let byteLimit = 1 << 20

    /// Nil where there is no state.
    private let directory: BytePath?
    /// What the names of this working tree's files begin with.
    private let prefix: String

    /// `worktree`: the tree's key.
    init(state: BytePath?, worktree: BytePath) {
        directory = state?.appending("checkouts")
        prefix = String(SHA256.digest(of: worktree.bytes).hex.prefix(16))
    }

    private func name(of path: BytePath) -> BytePath {
        BytePath("\(prefix)-\(SHA256.digest(of: path.bytes).hex.prefix(16)).json")
    }

    /// How the artifact at `path` lies here.
    func checkout(at path: BytePath) throws -> Checkout {
        guard let directory,
            let bytes = try readSmallFile(directory.appending(name(of: path)), limit: Checkouts.byteLimit)
        else { return Checkout() }
        guard let json = try? JSON.parse(bytes), json["reg_checkout"]?.integerValue == 1,
            let only = json["only"]?.arrayValue?.map({ $0.stringValue.flatMap { PathPattern($0) } }),
            let links = json["links"]?.stringValue.flatMap({ LinkPolicy(rawValue: $0) })
        else {
            throw RegError(
                .local, "\(printable(directory.appending(name(of: path)))) is damaged",
                hint: "it says which files of \(printable(path)) were pulled; remove it and pull again")
        }
        return Checkout(only: only.compactMap { $0 }, links: links)
    }

    /// Remembers how the artifact at `path` lies here from now on.
    func set(_ checkout: Checkout, at path: BytePath) throws {
        guard let directory, try self.checkout(at: path) != checkout else { return }
        try makeDirectories(directory)
        let place = try Descriptor.open(directory, .directory)
        if checkout == Checkout() { return try place.remove(name(of: path)) }
        let document: JSON = [
            "reg_checkout": 1, "path": .string(path.lossy),
            "only": .array(checkout.only.map { .string($0.text) }),
            "links": .string(checkout.links.rawValue),
        ]
        try publish(Array((document.compact + "\n").utf8), as: name(of: path), in: place, .replacing)
    }
}
