// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegCache
internal import RegFiles
package import RegHash
internal import RegPin

/// Where the files of a pin lie for work by hand, and the variables that a run of it would find.
package struct RunEnvironmentReport: Sendable {
    package let pin: Digest
    package let inputs: BytePath
    /// Names and values, in order.
    package let variables: [(name: String, value: BytePath)]
    package let notes: [String]
}

extension Session {
    /// Makes the directory that a run of a pin would have, to stay: for an IDE's interpreter, or a shell.
    package func environment(ofPin text: String) throws -> RunEnvironmentReport {
        try verb {
            let pin = try pin(text)
            let cache = try runCache()
            let path = cache.path.appending("environments").appending(pin.id.hex)
            try makeDirectories(path, mode: 0o700)
            let root = try Descriptor.open(path, .directory)
            let guardFile = try Descriptor.open(path.appending("guard"), .lock)
            try guardFile.lock(.exclusive)
            let files = try pinnedFiles(of: pin, in: cache)
            let inputs = BytePath("inputs")
            var notes: [String] = []
            if try root.status(of: inputs) == nil {
                let unfinished = temporaryName()
                try root.makeDirectory(unfinished)
                try files.materialise(
                    in: root.openBeneath(unfinished, .directory), InputOptions(), threads: jobs)
                try root.rename(unfinished, to: inputs)
            } else {
                let found = try files.differences(in: root.openBeneath(inputs, .directory), InputOptions())
                if found.count > 0 {
                    notes.append(
                        "\(found.count) files there differ from the pin; remove \(printable(path)) for a clean copy"
                    )
                }
            }
            try root.makeDirectory(RunDirectory.outputsName)
            try publish(pin.file, as: RunDirectory.pinName, in: root, .replacing)
            var variables: [(name: String, value: BytePath)] = [
                ("REG_PIN", path.appending(RunDirectory.pinName)), ("REG_INPUTS", path.appending(inputs)),
                ("REG_OUTPUTS", path.appending(RunDirectory.outputsName)),
                ("REG_METRICS", path.appending(RunDirectory.metricsName)),
            ]
            if let seed = pin.seed { variables.append(("REG_SEED", BytePath("\(seed)"))) }
            return withExtendedLifetime(guardFile) {
                RunEnvironmentReport(
                    pin: pin.id, inputs: path.appending(inputs), variables: variables, notes: notes)
            }
        }
    }
}
