// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

enum PathTarget: FuzzTarget {
    static let name = "path"

    static func run(_ input: [UInt8]) {
        let path = BytePath(input)
        claim(
            printable(path).unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f },
            "printed paths steer no terminal")
        claim(path.isWithin(path.parent), "a path is within its parent")
        guard path.hazard == nil else { return }
        let components = path.components
        claim(
            components.map(Array.init).joined(separator: [UInt8(ascii: "/")]).elementsEqual(input),
            "a safe path is its components")
        claim(!input.contains(0) && input.count <= 4_095 && components.count <= 255, "limits hold")
        for component in components { checkComponent(component) }
        let (parent, last) = (path.parent, path.lastComponent)
        claim(parent.appending(last) == path, "a path is its parent and its last component")
        claim(path.relative(to: parent) == last, "so it is relative to its parent")
    }

    /// Looks at a component as HFS+ and NTFS do, by Unicode instead of bytes.
    private static func checkComponent(_ component: ArraySlice<UInt8>) {
        claim((1...255).contains(component.count), "components are 1 to 255 bytes")
        let scalars = String(decoding: component, as: UTF8.self).unicodeScalars.filter { scalar in
            switch scalar.value {
            case 0x200c...0x200f, 0x202a...0x202e, 0x206a...0x206f, 0xfeff: false
            default: true
            }
        }
        var name = String(String.UnicodeScalarView(scalars)).lowercased()
        while name.hasSuffix(".") || name.hasSuffix(" ") { name.removeLast() }
        claim(name != ".git" && name != ".reg", "no file system takes it for .git")
        claim(![".", ".."].contains(String(decoding: component, as: UTF8.self)), "it leads nowhere else")
    }

    static func seeds() -> [[UInt8]] {
        [
            "a", "a/b", "data/0001.jpg", ".git", ".GIT/config", ".git. .", ".g\u{200c}it/x", ".reg/x",
            "..", "a/../b", "./a", "/a", "a/", "a//b", "a\\b", "C:", "C:/x", "...", "~", "-rf", "a\rb",
            "\u{feff}.git", "caf\u{e9}/cafe\u{301}", "\u{1b}[31m", String(repeating: "x", count: 255),
            String(repeating: "d/", count: 254) + "f",
        ].map { Array($0.utf8) }
    }
}
