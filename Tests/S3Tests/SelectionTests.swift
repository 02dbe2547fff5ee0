// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Parts of artifacts over a network.
struct SelectionTests {
    @Test func tensorsComeInAFewRanges() throws {
        let project = try BucketProject(try TestServer(.emulator), prefix: "tensors")
        let tensors = (0..<20).map { SampleTensor("layer.\($0)", count: 100_000, seed: UInt64($0)) }
        try project.sandbox.write("repository/model/model.safetensors", SampleTensor.safetensors(tensors))
        try project.sandbox.write("repository/model/model.pt", SampleTensor.torch(tensors))
        try project.sandbox.succeed(["add", "model", "--type", "weights"], in: "repository")
        try project.commit()
        try project.sandbox.succeed(["push"], in: "repository")
        let clone = try project.clone("clone")
        for file in ["model.safetensors", "model.pt"] {
            let arguments = ["pull", "model", "--only", file, "--tensors", "layer.1?", "-o", file, "--json"]
            let (outcome, passed) = try project.reg(
                arguments, in: clone, under: [["do": "answer", "status": 500, "path": "packs/", "count": 1]])
            #expect(outcome.code == 0, "\(outcome.errorText)")
            let document = try JSON.parse(outcome.output)
            let model = document["artifacts"]?.arrayValue?.first
            #expect(model?["tensors"] == 10 && model?["verified"] == "chunks")
            // Of 8 MB in each file 4 MB; random numbers, which no codec shortens.
            let fetched = model?["fetched_bytes"]?.integerValue ?? 0
            #expect(
                (4_000_000..<4_600_000).contains(fetched), "\(file): \(fetched) in \(passed.count) requests")
            #expect(passed.count < 40, "\(file): \(passed.count) requests")
            #expect(document["retries"]?.integerValue == 1)
        }
    }
}
