// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegS3

extension Session {
    /// Makes `reg.toml`, or adds to it what it lacks; a person's lines are never rewritten.
    package func initialize() throws -> InitReport {
        try verb {
            let workspace = try requireWorkspace()
            let path = workspace.root.appending(Settings.fileName)
            let text = try readSmallFile(path, limit: 1 << 20)
            let location = try options.registry.map {
                try RegistryLocation($0, source: .flag, base: options.directory)
            }
            if let project = settings.project {
                return try existing(project, location)
            }
            let bucket = try location.flatMap { try prepare($0) }
            let project = RandomName.random()
            var lines = text ?? []
            if let last = lines.last, last != UInt8(ascii: "\n") { lines.append(UInt8(ascii: "\n")) }
            // Keys at the top level must come before the first table of a person's file.
            let added = Array(
                Settings.lines(
                    project: project, registry: settings.registry == nil ? location?.text : nil,
                    bucket: settings.s3 == BucketSettings() ? bucket : nil
                ).utf8)
            let directory = try Descriptor.open(workspace.root, .directory)
            try publish(added + lines, as: BytePath(Settings.fileName), in: directory, .replacing)
            let used = try location ?? RegistryLocation.embedded(project: project, environment: environment)
            return InitReport(
                project: project, registry: used.text, isThisMachineOnly: used.source == .embedded,
                isMadeAbsolute: location.map { !$0.isRemote && isRelative(options.registry) } ?? false,
                isNew: true)
        }
    }

    private func isRelative(_ registry: String?) -> Bool {
        registry.map { !$0.hasPrefix("/") && !$0.hasPrefix("file://") } ?? false
    }

    /// Tries the server of a bucket, and makes the registry there where it can be written.
    ///
    /// - Returns: where the bucket is, for `reg.toml`.
    private func prepare(_ location: RegistryLocation) throws -> BucketSettings? {
        guard location.isRemote else { return nil }
        let objects = try registryObjects()
        let report = DoctorReport(
            registry: location.text, endpoint: objects.bucket?.endpoint, checks: try probe(objects))
        if let failure = report.failure {
            options.notice("\(failure.message); \(failure.hint ?? "pushing is refused")")
        } else {
            _ = try makeRegistry()
            try keep(report, in: objects)
        }
        var settings = BucketSettings()
        if let bucket = objects.bucket, !bucket.isAmazon {
            settings.endpoint = bucket.endpoint
            settings.region = bucket.region
        } else {
            settings.region = objects.bucket?.region
        }
        return settings
    }

    private func existing(_ project: RandomName, _ location: RegistryLocation?) throws -> InitReport {
        let current = try settings.registry.map {
            try RegistryLocation($0, source: .project, base: workspace?.root ?? options.directory)
        }
        if let location, location.place != current?.place {
            throw RegError(
                .conflict, "reg.toml is there and its registry is \(current?.text ?? "the embedded default")",
                hint: "to move, edit 'registry' in reg.toml")
        }
        let used = try current ?? RegistryLocation.embedded(project: project, environment: environment)
        return InitReport(
            project: project, registry: used.text, isThisMachineOnly: used.source == .embedded,
            isMadeAbsolute: false, isNew: false)
    }
}
