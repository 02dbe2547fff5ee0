// SPDX-License-Identifier: Apache-2.0
internal import RegHash
internal import RegLock
internal import RegPin

extension Fold {
    static func failure(
        of operation: Operation.PinRecord, in record: Record, _ state: borrowing some FoldState
    ) throws -> String? {
        let pin = operation.pin
        if record.project != pin.project { return "the pin is another project's" }
        if try state.hasPin(pin.id) { return "pin \(pin.id.short) is recorded already" }
        for entry in pin.lock.entries {
            guard case .stored(let digest, _, _) = entry.content,
                try state.hasVersion(of: entry.name, digest: digest)
            else { return "the pin names \(entry.name) with a digest that is no version of it" }
        }
        for tree in operation.trees where try state.isDeleted(manifest: tree.manifest) {
            return "a manifest of the pin is deleted"
        }
        return nil
    }

    static func failure(of run: Operation.Run, _ state: borrowing some FoldState) throws -> String? {
        guard try state.hasPin(run.pin) else { return "the pin of the run is not recorded" }
        let newest = try state.newestAttempt(of: run.id)
        if let newest, run.attempt <= newest.number {
            return "attempt \(run.attempt) comes after attempt \(newest.number)"
        }
        if let newest, newest.succeeded { return "the run has succeeded already" }
        if let newest, newest.pin != run.pin { return "the run is one of another pin" }
        for output in run.outputs
        where try state.digest(of: output.name, version: output.version) != output.digest {
            return "output \(output.name)@v\(output.version) is no version of that digest"
        }
        if try state.isDeleted(manifest: run.archive.manifest) { return "the run's archive is deleted" }
        return nil
    }

    static func failure(of measure: Operation.Measure, _ state: borrowing some FoldState) throws -> String? {
        if try state.digest(of: measure.name, version: measure.version) != nil { return nil }
        return "\(measure.name)@v\(measure.version) is no version"
    }

    static func failure(of promote: Operation.Promote, _ state: borrowing some FoldState) throws -> String? {
        let holder = try state.holder(of: promote.alias, name: promote.name)
        if holder != promote.from {
            return "\(promote.name)@\(promote.alias) is at \(holder.map { "v\($0)" } ?? "no version")"
        }
        if promote.to == holder { return "\(promote.name)@\(promote.alias) is at v\(promote.to) already" }
        guard try state.digest(of: promote.name, version: promote.to) != nil else {
            return "\(promote.name)@v\(promote.to) is no version"
        }
        return nil
    }
}
