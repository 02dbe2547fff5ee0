// SPDX-License-Identifier: Apache-2.0
package import RegHash
package import RegLock

extension Catalog {
    /// The newest successful run with metrics that are of a version.
    ///
    /// That is one that wrote it, or had it as input and wrote no version of the same name, which its metrics would be of. One
    /// that repeats another says nothing new.
    /// `datasets`: what its pin has besides.
    package func newestRun(
        measuring version: Version, on datasets: [(name: ArtifactName, digest: Digest)]
    ) throws -> RunEntry? {
        var result: RunEntry?
        try database.forEachRow(
            """
            SELECT \(Catalog.runColumns) FROM run
            WHERE status = 'succeeded' AND metrics <> '{}' AND original IS NULL AND id IN (
                SELECT run FROM run_output WHERE name = ?1 AND version = ?2
                UNION
                SELECT r.id FROM pin_artifact p JOIN run r ON r.pin = p.pin
                WHERE p.name = ?1 AND p.digest = ?3
                    AND NOT EXISTS (SELECT 1 FROM run_output o WHERE o.run = r.id AND o.name = ?1))
            ORDER BY record DESC
            """, [version.name.text, Int64(version.number), version.digest.bytes]
        ) { row in
            let run = try Catalog.run(row)
            guard try datasets.allSatisfy({ try has(run.pin, $0.name, $0.digest) }) else { return true }
            result = run
            return false
        }
        return result
    }

    private func has(_ pin: Digest, _ name: ArtifactName, _ digest: Digest) throws -> Bool {
        try database.first(
            "SELECT 1 FROM pin_artifact WHERE pin = ? AND name = ? AND digest = ?", pin.bytes, name.text,
            digest.bytes
        ) { _ in true } ?? false
    }
}
