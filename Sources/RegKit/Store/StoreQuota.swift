// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit
internal import RegProcess
internal import RegStore

/// How much a clone's store may take.
enum StoreQuota {
    private static let most: UInt64 = 50 << 30

    /// The quota where nobody set one: a fifth of the file system, at most 50 GiB.
    static func standard(on store: DirectoryStore) throws -> UInt64 {
        // The store's directory is made by the first add; git's own is there.
        let path = try fileStatus(store.root) == nil ? store.root.parent.parent : store.root
        return min(most, try fileSystemSpace(path).total / 5)
    }

    private static let units: [String: UInt64] = [
        "": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40, "kb": 1_000,
        "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
    ]

    /// A number of bytes as people write it: `20 GiB`, `1.5TB`, `4096`; nil for anything else.
    static func byteCount(_ text: String) -> UInt64? {
        let number = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let unit = text.dropFirst(number.count).drop { $0 == " " }
        guard let factor = units[unit.lowercased()] else { return nil }
        if let whole = UInt64(number) {
            let (product, isOver) = whole.multipliedReportingOverflow(by: factor)
            return isOver ? nil : product
        }
        guard let value = Double(number) else { return nil }
        return UInt64(exactly: (value * Double(factor)).rounded())
    }
}

extension Session {
    /// The store's quota in bytes: environment, the user's settings, `reg.toml`, the standard.
    func storeQuota(of store: DirectoryStore) throws -> UInt64 {
        if let bytes = environment["REG_STORE_QUOTA"], !bytes.isEmpty {
            let text = String(decoding: bytes, as: UTF8.self)
            guard let quota = StoreQuota.byteCount(text) else {
                throw RegError.notAQuota("REG_STORE_QUOTA", text)
            }
            return quota
        }
        return try userSettings()?.storeQuota ?? settings.storeQuota ?? StoreQuota.standard(on: store)
    }
}

extension RegError {
    /// `place`: where the text stands.
    static func notAQuota(_ place: String, _ text: String) -> RegError {
        RegError(
            .usage, "\(place) is no size: '\(printable(text))'", hint: "write a number and a unit: 20 GiB")
    }
}
