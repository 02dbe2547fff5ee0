// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit
package import RegHash
internal import RegJSON
internal import RegLog
internal import RegS3
package import RegStore

extension Session {
    /// Tries what the registry can do, and keeps the result in it.
    package func doctor() throws -> DoctorReport {
        try verb {
            let objects = try registryObjects()
            var report = DoctorReport(
                registry: objects.location.text, endpoint: objects.bucket?.endpoint, checks: [])
            if let workspace {
                report.checks.append(
                    StoreCheck("state", .writing, true, printable(workspace.state ?? workspace.root)))
            }
            report.checks += try probe(objects)
            guard let info = try RegistryInfo.read(from: objects.store) else {
                report.notes.append(
                    "there is no registry in \(objects.location.text) yet; 'reg push' makes it")
                return report
            }
            report.id = info.id
            try keep(report, in: objects)
            return report
        }
    }

    /// Tries what a place for objects does.
    func probe(_ objects: RegistryObjects) throws -> [StoreCheck] {
        var checks = try objects.bucket?.probe() ?? [try directoryCheck(objects)]
        guard let index = checks.firstIndex(where: { $0.need == .writing && !$0.isGood }),
            objects.bucket?.isSingleWriter == true
        else { return checks }
        let check = checks[index]
        checks[index] = StoreCheck(
            check.name, .safety, true, "\(check.detail); this host is the only one that writes")
        return checks
    }

    private func directoryCheck(_ objects: RegistryObjects) throws -> StoreCheck {
        guard case .directory(let directory) = objects.location.place, try fileStatus(directory) != nil else {
            return StoreCheck("directory", .reading, true, "\(objects.location.text) is not there yet")
        }
        let key = ObjectKey.probe(.random())
        let isFirst = try objects.store.create(key, [1])
        let isSecond = try objects.store.create(key, [2])
        try DirectoryStore(root: directory).remove(key)
        return StoreCheck(
            "create-only", .writing, isFirst && !isSecond,
            isFirst && !isSecond ? "an object is made only where there is none" : "objects are replaced")
    }

    /// Keeps what was seen, for those who come later.
    func keep(_ report: DoctorReport, in objects: RegistryObjects) throws {
        let document: JSON = [
            "reg_probe": 1, "time": .string(timestampNow()),
            "checks": .array(
                report.checks.map { check in
                    [
                        "name": .string(check.name), "need": .string(check.need.rawValue),
                        "ok": .bool(check.isGood),
                        "detail": .string(check.detail),
                    ]
                }),
        ]
        _ = try objects.store.create(.probe(.random()), Array((document.compact + "\n").utf8))
    }
}

/// What `reg doctor` has seen.
package struct DoctorReport: Sendable {
    package let registry: String
    /// The server of its bucket; nil for a directory.
    package let endpoint: String?
    /// Of the registry; nil where there is none yet.
    package internal(set) var id: RandomName?
    package internal(set) var checks: [StoreCheck]
    package internal(set) var notes: [String] = []

    package init(registry: String, endpoint: String?, checks: [StoreCheck]) {
        self.registry = registry
        self.endpoint = endpoint
        self.checks = checks
    }

    /// What to end with where something is missing that several writers need.
    package var failure: RegError? {
        guard let check = checks.first(where: { !$0.isGood && $0.need != .safety }) else { return nil }
        return RegError(
            .incapable, "\(registry) lacks \(check.name): \(check.detail)",
            hint: check.need == .writing ? RegistryObjects.singleWriterHint : nil)
    }
}
