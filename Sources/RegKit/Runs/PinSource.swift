// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegPin

extension Session {
    /// The pin that a text names: the path of its file, or its id, or the first digits of that.
    ///
    /// A file is read without asking the registry for anything.
    func pin(_ text: String) throws -> Pin {
        let path = absolute(BytePath(text), from: options.directory)
        let digits = text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text
        let isID =
            (4...64).contains(digits.utf8.count) && digits.allSatisfy { $0.isHexDigit && !$0.isUppercase }
        if try text.contains("/") || !isID || fileStatus(path) != nil { return try pin(inFile: path) }
        try registry().catchUpOnce()
        let found = try catalog.pins(idPrefix: digits)
        guard let pin = found.first else {
            throw RegError(
                .notFound, "pin \(printable(text)) is not in \(try registryLocation().text)",
                hint: "see what there is: reg log; or name the pin's file")
        }
        if found.count > 1 {
            throw RegError(.usage, "'\(printable(text))' fits several pins", hint: "give more digits")
        }
        return pin
    }

    private func pin(inFile path: BytePath) throws -> Pin {
        guard let bytes = try readSmallFile(path, limit: 2 * Pin.byteLimit) else {
            throw RegError(
                .notFound, "there is no pin in \(printable(path))", hint: "make one: reg pin -o FILE")
        }
        do { return try Pin.parse(file: bytes) } catch {
            if case .unknownVersion = error {
                throw RegError(.incapable, "\(printable(path)): \(error.message)", hint: "update reg")
            }
            throw RegError(
                .corrupt, "\(printable(path)) is no pin, or was altered: \(error.message)",
                hint: "take it again from where it was made: reg pin -o FILE")
        }
    }
}
