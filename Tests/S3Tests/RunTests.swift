// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Jobs whose registry is a bucket.
struct RunTests {
    @Test func aRunIsArchivedAndPromoted() throws {
        let project = try BucketProject(try TestServer(.emulator), prefix: "runs")
        try project.pushFirst()
        let script = """
            cat data/0 data/1 > "$REG_OUTPUTS/weights"; echo '{"map": 0.5}' > "$REG_METRICS"
            """
        try project.sandbox.succeed(
            ["pin", "-o", "../job.pin", "--", "sh", "-c", script], in: "repository")
        // Nothing here but the pin's file: no repository, no state.
        try project.sandbox.makeDirectory("job")
        try project.sandbox.makeDirectory("other-home")
        let elsewhere = ["REG_REGISTRY": project.location, "HOME": project.sandbox.path("other-home")]
        let first = try project.reg(
            ["run", "--json", "--pin", "../job.pin", "--out", "weights=weights"], in: "job", elsewhere)
        #expect(first.code == 0, "\(first.errorText)")
        let run = try JSON.parse(first.output)
        #expect(run["status"] == "succeeded" && run["metrics"]?["map"] == .number(0.5))
        try project.proxy.forget()
        let second = try project.reg(
            ["run", "--json", "--pin", "../job.pin", "--", "true"], in: "job", elsewhere)
        #expect(second.code == 0, "\(second.errorText)")
        let packs = try project.proxy.passed().filter { $0.method == "GET" && $0.target.contains("/packs/") }
        #expect(packs.isEmpty, "the host has all of it")
        try project.sandbox.succeed(["promote", "weights@latest", "--to", "prod"], in: "repository")
        let pulled = try project.reg(["pull", "weights@prod", "-o", "model"], in: "job", elsewhere)
        #expect(pulled.code == 0, "\(pulled.errorText)")
        let bytes = try project.sandbox.read("repository/data/0") + project.sandbox.read("repository/data/1")
        #expect(try project.sandbox.read("job/model/weights") == bytes)
        try project.sandbox.succeed(["verify", "--data"], in: "repository")
    }
}
