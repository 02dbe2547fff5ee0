// SPDX-License-Identifier: Apache-2.0

/// A pattern for paths in the notation of `.gitignore`, over bytes.
///
/// `*` and `?` stand for bytes of one component, `[a-z]` and `[!a-z]` for one byte, `**` as a whole component for any
/// number of components, `\` takes the next byte as it is. A pattern with a slash at its front or inside begins at the
/// root, any other fits at every depth; a slash at its end fits directories only. What lies below a directory that
/// fits is for the caller to take or leave. Time is bounded by the product of the lengths, whatever the pattern.
package struct PathPattern: Equatable, Sendable {
    fileprivate enum Token: Equatable, Sendable {
        case byte(UInt8)
        case anyByte
        case anyBytes
        case oneOf(ByteSet)
    }

    fileprivate enum Component: Equatable, Sendable {
        case anyDepth
        case name([Token])
    }

    /// As it was written.
    package let text: String
    private let components: [Component]
    private let isForDirectories: Bool

    /// Nil for a text that fits nothing: an empty one, one that is too long, one that ends inside a `[` or after `\`.
    package init?(_ text: String) {
        guard (1...4096).contains(text.utf8.count), !text.utf8.contains(0) else { return nil }
        self.text = text
        var bytes = Array(text.utf8)[...]
        let slash = UInt8(ascii: "/")
        isForDirectories = bytes.last == slash
        if isForDirectories { bytes = bytes.dropLast() }
        let isAnchored = bytes.contains(slash)
        if bytes.first == slash { bytes = bytes.dropFirst() }
        var components: [Component] = isAnchored ? [] : [.anyDepth]
        for part in bytes.split(separator: slash, omittingEmptySubsequences: false) {
            if part.elementsEqual("**".utf8) {
                if components.last != .anyDepth { components.append(.anyDepth) }
                continue
            }
            guard let tokens = PathPattern.tokens(part), !tokens.isEmpty else { return nil }
            components.append(.name(tokens))
        }
        self.components = components
    }

    private static func tokens(_ text: ArraySlice<UInt8>) -> [Token]? {
        var tokens: [Token] = []
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"):
                if tokens.last != .anyBytes { tokens.append(.anyBytes) }
            case UInt8(ascii: "?"): tokens.append(.anyByte)
            case UInt8(ascii: "["):
                guard let set = ByteSet(&rest) else { return nil }
                tokens.append(.oneOf(set))
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                tokens.append(.byte(escaped))
            default: tokens.append(.byte(byte))
            }
        }
        return tokens
    }

    /// Whether the pattern fits `path` itself.
    package func matches(_ path: BytePath, isDirectory: Bool) -> Bool {
        if isForDirectories && !isDirectory { return false }
        // The one `**` to go back to is the last that was passed: an earlier one could give no more.
        let parts = path.components
        var (part, component) = (0, 0)
        var retry: (part: Int, component: Int)?
        while part < parts.count {
            if component < components.count {
                switch components[component] {
                case .anyDepth:
                    component += 1
                    retry = (part, component)
                    continue
                case .name(let tokens):
                    if PathPattern.matches(tokens, parts[part]) {
                        (part, component) = (part + 1, component + 1)
                        continue
                    }
                }
            }
            guard let last = retry else { return false }
            (part, component) = (last.part + 1, last.component)
            retry = (part, component)
        }
        return component == components.count
    }

    /// Whether the pattern fits `path` or a directory above it.
    package func covers(_ path: BytePath) -> Bool {
        if matches(path, isDirectory: false) { return true }
        var directory = path.parent
        while !directory.isEmpty {
            if matches(directory, isDirectory: true) { return true }
            directory = directory.parent
        }
        return false
    }

    private static func matches(_ tokens: [Token], _ name: ArraySlice<UInt8>) -> Bool {
        var (position, token) = (name.startIndex, 0)
        var retry: (position: Int, token: Int)?
        while position < name.endIndex {
            if token < tokens.count, case .anyBytes = tokens[token] {
                token += 1
                retry = (position, token)
                continue
            }
            if token < tokens.count, tokens[token].fits(name[position]) {
                (position, token) = (position + 1, token + 1)
                continue
            }
            guard let last = retry else { return false }
            (position, token) = (last.position + 1, last.token)
            retry = (position, token)
        }
        return tokens[token...].allSatisfy { $0 == .anyBytes }
    }
}

extension PathPattern.Token {
    fileprivate func fits(_ byte: UInt8) -> Bool {
        switch self {
        case .byte(let wanted): byte == wanted
        case .anyByte: true
        case .anyBytes: false
        case .oneOf(let set): set.contains(byte)
        }
    }
}

/// The bytes that a `[…]` stands for.
private struct ByteSet: Equatable, Sendable {
    private var ranges: [ClosedRange<UInt8>] = []
    private var isNegated = false

    /// Reads what follows the `[`, up to and with the `]`; nil where there is none.
    init?(_ rest: inout ArraySlice<UInt8>) {
        if let first = rest.first, first == UInt8(ascii: "!") || first == UInt8(ascii: "^") {
            isNegated = true
            rest = rest.dropFirst()
        }
        var isFirst = true
        while var byte = rest.popFirst() {
            if byte == UInt8(ascii: "]") && !isFirst { return }
            isFirst = false
            if byte == UInt8(ascii: "\\") {
                guard let escaped = rest.popFirst() else { return nil }
                byte = escaped
            }
            var last = byte
            if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first, end != UInt8(ascii: "]") {
                rest = rest.dropFirst(2)
                last = end
            }
            if byte <= last { ranges.append(byte...last) }
        }
        return nil
    }

    func contains(_ byte: UInt8) -> Bool { ranges.contains { $0.contains(byte) } != isNegated }
}
