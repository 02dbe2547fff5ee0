// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
package import RegHash
internal import RegJSON

/// Records on their way to a registry, kept on disk from before they are sent until their fate is known.
///
/// One file a record, named by its id: a line that names the registry, then the record's stored bytes.
package struct Journal: Sendable {
    private let path: BytePath

    package init(directory path: BytePath) { self.path = path }

    package struct Pending: Equatable, Sendable {
        package let registry: RandomName
        package let record: Record

        package init(registry: RandomName, record: Record) {
            self.registry = registry
            self.record = record
        }
    }

    package func add(_ record: Record, for registry: RandomName) throws(FileError) {
        try makeDirectories(path)
        let directory = try Descriptor.open(path, .directory)
        let pending = Pending(registry: registry, record: record)
        try publish(pending.encoded, as: fileName(record.id), in: directory, .replacing)
    }

    package func remove(_ id: RandomName) throws(FileError) {
        try Descriptor.open(path, .directory).remove(fileName(id))
    }

    private func fileName(_ id: RandomName) -> BytePath { BytePath("\(id.hex).record") }

    /// What waits for the registry `id`; files that are not whole are passed over: they were never sent.
    package func pending(for id: RandomName) throws(FileError) -> [Pending] {
        let names: [DirectoryEntry]
        do { names = try Descriptor.open(path, .directory).entries() } catch {
            if error.isNotFound { return [] }
            throw error
        }
        var result: [Pending] = []
        for entry in names where entry.name.utf8?.hasSuffix(".record") == true {
            guard let bytes = try readSmallFile(path.appending(entry.name), limit: 2 * Record.byteLimit),
                let pending = Pending(parsing: bytes), pending.registry == id
            else { continue }
            result.append(pending)
        }
        return result
    }
}

extension Journal.Pending {
    /// The bytes of its file.
    package var encoded: [UInt8] {
        let line = JSON.object([
            "registry": .string(registry.hex), "number": .integer(Int64(record.number)),
            "prev": .string(record.prev.text),
        ])
        return Array((line.compact + "\n").utf8) + record.encoded
    }

    /// Nil where the bytes are no whole file.
    package init?(parsing bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let json = try? JSON.parse(Array(bytes[..<end])),
            let registry = json["registry"]?.stringValue.flatMap({ RandomName(hex: $0) }),
            let number = json["number"]?.unsignedValue,
            let prev = json["prev"]?.stringValue.flatMap({ Digest(text: $0) }),
            case .record(let record)? = try? RecordReading.read(
                Array(bytes[(end + 1)...]), number: number, prev: prev)
        else { return nil }
        self.init(registry: registry, record: record)
    }
}
