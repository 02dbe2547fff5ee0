// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import Testing

extension Forge {
    /// A version of the log.
    struct Version {
        let name: String
        let number: Int64
        let digest: String
    }

    /// The version that `reference` names.
    func version(_ reference: String, in place: Place) throws -> Version {
        let shown = try place.json("show", reference)
        return Version(
            name: shown.text("name") ?? "", number: shown.count("version") ?? 0,
            digest: shown.text("digest") ?? "")
    }

    /// Appends a pin of these versions, for a commit; its id.
    func appendPin(_ inputs: [Version], commit: String, command: [String] = ["python3", "train.py"]) throws
        -> String
    {
        let code = SHA256.digest(of: RandomName.random().bytes)
        let artifacts = inputs.map { input in
            let content: JSON = [
                "type": "dataset", "path": .string(input.name + "/"), "digest": .string(input.digest),
                "bytes": 1, "files": 1,
            ]
            return (key: input.name, value: content)
        }
        let pin: JSON = [
            "reg_pin": 1, "project": try project, "object_format": "sha1", "commit": .string(commit),
            "code": ["digest": .string(code.text), "bytes": 1, "files": 1],
            "artifacts": .object(JSONObject(unique: artifacts)),
            "command": .array(command.map(JSON.string)), "seed": 7,
        ]
        let id = SHA256.digest(of: Array("reg:pin:v1\0".utf8) + Array((pin.canonical ?? "").utf8)).text
        let trees: JSON = [["digest": .string(code.text), "manifest": .string(code.text)]]
        try append(
            [["op": "pin", "id": .string(id), "pin": pin, "trees": trees]], project: try project)
        return id
    }

    /// Appends a run that measured these values, one each; its name.
    @discardableResult func appendRun(
        of pin: String, metrics: [String: Double], outputs: [Version] = [], status: String = "succeeded",
        repeating original: String? = nil
    ) throws -> String {
        let id = RandomName.random().hex
        let values = metrics.map { (key: $0, value: [.number($1), .number($1), .number($1)] as JSON) }
        let archive = SHA256.digest(of: Array(id.utf8)).text
        var run: JSONObject = [
            "op": "run", "run": .string(id), "attempt": 1, "pin": .string(pin),
            "status": .string(status), "exit": .integer(status == "succeeded" ? 0 : 3),
            "started": "2020-01-01T00:00:00Z", "ended": "2020-01-01T00:01:00Z",
            "archive": ["digest": .string(archive), "manifest": .string(archive)],
            "outputs": .array(
                outputs.map {
                    [
                        "name": .string($0.name), "version": .integer($0.number),
                        "digest": .string($0.digest),
                    ]
                }), "metrics": .object(JSONObject(unique: values)),
        ]
        if let original { run["rerun_of"] = .string(String(original.dropFirst(4))) }
        try append([.object(run)], project: try project)
        return "run-" + id
    }
}
