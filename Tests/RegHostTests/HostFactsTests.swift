// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegFiles
import RegHost
import RegJSON
import RegProcess
import RegTesting
import Testing

@Suite struct HostFactsTests {
    @Test func theSystemTellsOfItself() {
        let facts = HostFacts.collect(ProcessEnvironment())
        #expect(!facts.name.isEmpty)
        #expect(facts.kernel?.hasPrefix("Linux ") == true)
        #expect(facts.architecture?.isEmpty == false)
        #expect(facts.processorCount >= 1)
        #expect((facts.memory ?? 0) > 1 << 26)
        #expect(facts.json["name"]?.stringValue == facts.name)
        #expect(facts.json["memory"]?.integerValue == facts.memory.map { Int64($0) })
    }

    @Test func gpusAreWhatTheToolLists() throws {
        let listed = """
            NVIDIA H100 80GB HBM3, 550.54.15, 81559 MiB
            Odd, Name, 1.2, [N/A]
            nonsense

            """
        let gpus = [
            HostFacts.GPU(name: "NVIDIA H100 80GB HBM3", driver: "550.54.15", memory: 81559 << 20),
            HostFacts.GPU(name: "Odd, Name", driver: "1.2", memory: nil),
        ]
        #expect(HostFacts.gpus(listed: Array(listed.utf8)) == gpus)
        try withTemporaryDirectory { directory in
            try make("nvidia-smi", "#!/bin/sh\nprintf '%s' '\(listed)'\n", in: directory)
            #expect(HostFacts.collect(.path(directory)).gpus == gpus)
        }
    }

    @Test(arguments: ["exit 9", "exec sleep 600", "exec cat /dev/zero", "kill -KILL $$"])
    func aToolThatDoesNotAnswerTellsNothing(script: String) throws {
        try withTemporaryDirectory { directory in
            try make("nvidia-smi", "#!/bin/sh\n\(script)\n", in: directory)
            #expect(HostFacts.collect(.path(directory)).gpus.isEmpty)
        }
    }
}

@Suite struct PythonPackagesTests {
    private let usual = ProcessEnvironment().setting(["PATH": "/usr/local/bin:/usr/bin:/bin"])

    @Test func theUsualPythonIsAsked() throws {
        let found = try #require(
            PythonPackages.collect(["sh", "-c", "true"], environment: usual, in: BytePath("/")))
        #expect(found.version.hasPrefix("3."))
        #expect(found.json["version"]?.stringValue == found.version)
    }

    /// Each answers with its own name, so that it shows which one was asked.
    @Test(arguments: [
        (["python3", "x.py"], "first"), (["./venv/python3.11", "x.py"], "venv"), (["tool"], "venv"),
        (["byenv"], "first"), (["sh"], "first"), (["missing"], "first"), ([], "first"),
    ])
    func theCommandsOwnPythonIsAsked(words: [String], expected: String) throws {
        try withTemporaryDirectory { directory in
            for name in ["bin", "venv"] { try Descriptor.directory(directory).makeDirectory(BytePath(name)) }
            for (place, name) in [("bin/python3", "first"), ("venv/python3.11", "venv")] {
                try make(
                    place, "#!/bin/sh\necho '{\"version\": \"\(name)\", \"packages\": {\"a\": \"1\"}}'\n",
                    in: directory)
            }
            try make("bin/tool", "#!\(directory.lossy)/venv/python3.11\n", in: directory)
            try make("bin/byenv", "#! /usr/bin/env python3\n", in: directory)
            let path = "\(directory.lossy)/bin:/usr/bin:/bin"
            let found = PythonPackages.collect(
                words.map { .init($0) }, environment: usual.setting(["PATH": path]), in: directory)
            #expect(found?.version == expected)
            #expect(found?.packages["a"]?.stringValue == "1")
        }
    }

    @Test(arguments: ["exit 1", "echo nonsense", "echo '{}'", "exec cat /dev/zero"])
    func aPythonThatDoesNotAnswerTellsNothing(script: String) throws {
        try withTemporaryDirectory { directory in
            try make("python3", "#!/bin/sh\n\(script)\n", in: directory)
            #expect(PythonPackages.collect([], environment: .path(directory), in: directory) == nil)
        }
    }

    @Test func withoutPythonThereIsNothingToTell() {
        #expect(
            PythonPackages.collect(
                [], environment: .path(BytePath("/nonexistent")), in: BytePath("/")) == nil)
    }

    @Test func secretsDoNotReachIt() throws {
        try withTemporaryDirectory { directory in
            let script =
                "#!/bin/sh\necho \"{\\\"version\\\": \\\"$AWS_SECRET_ACCESS_KEY\\\", \\\"packages\\\": {}}\"\n"
            try make("python3", script, in: directory)
            let environment = ProcessEnvironment.path(directory).setting(["AWS_SECRET_ACCESS_KEY": "canary"])
            let found = PythonPackages.collect([], environment: environment, in: directory)
            #expect(found?.version == "")
        }
    }
}

extension ProcessEnvironment {
    fileprivate static func path(_ directory: BytePath) -> ProcessEnvironment {
        ProcessEnvironment().setting(["PATH": directory.lossy])
    }
}

private func make(_ name: String, _ text: String, in directory: BytePath) throws {
    let file = try Descriptor.open(directory.appending(name), .create)
    try file.write(Array(text.utf8))
    try file.setMode(0o755)
}
