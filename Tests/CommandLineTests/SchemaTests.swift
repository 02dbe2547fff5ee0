// SPDX-License-Identifier: Apache-2.0

import RegJSON
import Testing

@Suite struct SchemaTests {
    @Test(
        arguments: [
            (["shell": "csh", "script": ""], ["$.shell: not listed"]),
            (["shell": "zsh"], ["$.script: missing"]),
            (["shell": "zsh", "script": 1], ["$.script: wrong type"]),
            (["shell": "zsh", "script": "", "more": nil], ["$.more: undescribed"]), ([], ["$: wrong type"]),
        ] as [(JSON, [String])])
    func theCheckFindsWhatIsWrong(document: JSON, faults: [String]) throws {
        #expect(try Schema("completion").faults(in: document) == faults)
    }

    @Test func theCheckKnowsPatternsAndBounds() throws {
        let count: JSON = ["records": -1, "versions": 0, "packs": 0, "files": 0]
        #expect(try Schema("manifest-rebuild").faults(in: count) == ["$.records: too small"])
        let place: JSON = ["project": "x", "registry": "", "this_machine_only": true, "created": true]
        #expect(try Schema("init").faults(in: place) == ["$.project: does not match"])
    }
}
