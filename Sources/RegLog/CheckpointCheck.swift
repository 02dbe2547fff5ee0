// SPDX-License-Identifier: Apache-2.0
package import RegHash
package import RegStore

extension Checkpoints {
    /// A checkpoint that readers would try in vain.
    package struct Problem: Equatable, Sendable {
        package let object: ObjectKey
        package let message: String
    }

    /// What is wrong with the checkpoints that readers take, up to the first chain that is sound.
    ///
    /// `hashes`: of the stored bytes of all records of the log, from the first on.
    package func problems(against hashes: [Digest]) throws(StoreError) -> [Problem] {
        var problems: [Problem] = []
        do throws(CheckpointError) {
            for newest in try newest() {
                let problem = try problem(of: newest, hashes)
                guard let problem else { break }
                if !problems.contains(problem) { problems.append(problem) }
            }
        } catch {
            if case .store(let error) = error { throw error }
        }
        return problems
    }

    private func problem(of newest: CheckpointName, _ hashes: [Digest]) throws(CheckpointError) -> Problem? {
        var next: CheckpointName? = newest
        while let name = next {
            do throws(CheckpointError) {
                // Its numbers go down, so that this ends.
                let checkpoint = try Checkpoint(name, from: store, wholeLimit: CheckpointDraft.heldLimit)
                try check(checkpoint, hashes)
                next = checkpoint.head.previous
            } catch {
                if !error.isDamage { throw error }
                return Problem(object: name.key, message: error.reason)
            }
        }
        return nil
    }

    /// Holds every record of a checkpoint against the log.
    private func check(_ checkpoint: Checkpoint, _ hashes: [Digest]) throws(CheckpointError) {
        let last = checkpoint.head.last
        // Records that came while the log was read are none that it was read with.
        if last > hashes.count, (try? log.hash(of: last)) != checkpoint.head.hash {
            throw .malformed("it ends with a record that is not the log's")
        }
        var number = checkpoint.head.first
        var newest: Digest?
        try checkpoint.forEachStored(checkpoint.blocks[...]) { block, bytes throws(CheckpointError) in
            let records = try RawBlock(decoding: bytes, block.row)
            try records.forEachRecord { record throws(CheckpointError) in
                let hash = SHA256.digest(of: record)
                if number <= hashes.count, hashes[Int(number) - 1] != hash {
                    throw .malformed("its record \(number) is not the log's")
                }
                number += 1
                newest = hash
            }
        }
        guard newest == checkpoint.head.hash else {
            throw .malformed("its last record is not the one it names")
        }
    }
}

extension CheckpointError {
    /// For people.
    package var reason: String {
        switch self {
        case .malformed(let reason): reason
        case .store(.notFound): "it is not there, though another checkpoint follows it"
        case .store(.short), .store(.tooLarge): "it is not as long as its name says"
        case .store: "it cannot be read"
        }
    }
}
