// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegS3
import RegStore
import RegTesting
import Testing

/// The contract of all stores, on servers of others and on the emulator.
@Suite(.serialized) struct StoreTests {
    @Test(arguments: TestServer.Kind.all)
    func keepsTheContract(_ kind: TestServer.Kind) throws {
        let server = try TestServer(kind)
        try withTemporaryDirectory { directory in
            for (number, rule) in StoreRule.all.enumerated() {
                // It replaces packs, too; their names are random, so nobody asks it to.
                if kind == .rclone, rule.description == "a name never gets other bytes" { continue }
                // It looks first and then writes, so that two may win.
                if kind == .moto, rule.description.contains("exactly one wins") { continue }
                let store = try server.store("rule \(number)+é", spool: "\(printable(directory))/spool") {
                    options in
                    // rclone replaces what is there: its stores need this host to be the only writer.
                    if kind == .rclone { options.singleWriterLock = directory.appending("writer") }
                }
                do { try rule.check(store) } catch { Issue.record("\(kind), \(rule): \(error)") }
            }
        }
    }
}
