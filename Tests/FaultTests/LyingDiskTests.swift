// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegTesting
import Testing

/// Disks that do not keep what they took: nobody gets wrong bytes, and `verify --data` says what is lost.
struct LyingDiskTests {
    /// A write of a pack or manifest is said to be done and is not; only reading it back can tell.
    @Test(.needsTracing) func writeThatNeverHappenedIsFound() throws {
        let sandbox = try Sandbox()
        let project = try Project.make("project", in: sandbox)
        // Less than one buffer: all writes of objects are the main thread's.
        try sandbox.write("\(project.repository)/data/a", seededBytes(count: 200_000, seed: 1))
        try sandbox.write("\(project.repository)/data/b", seededBytes(count: 200_000, seed: 2))
        try project.store(as: "stored")
        try project.restore(from: "stored")
        try #require(
            try sandbox.traced(["add", "data"], in: project.repository, calls: ["write"]).run().code == 0)
        let writes = try sandbox.trace().lines.filter { $0.call == "write" }
        for (index, write) in writes.enumerated() where write.isOfObject {
            try project.restore(from: "stored")
            // Calls are counted in each thread by itself.
            let number = writes[...index].count { $0.thread == write.thread }
            let lie = Tampering("write", "retval=\(write.result)", at: number)
            // The same count in another thread is another write, which is lied about in vain.
            let others = writes.filter { other in
                other.thread != write.thread && writes.filter { $0.thread == other.thread }.count >= number
            }
            if others.isEmpty { try check(lie, in: project) }
        }
        #expect(writes.count(where: \.isOfObject) == 2)
    }

    private func check(_ lie: Tampering, in project: Project) throws {
        let sandbox = project.sandbox
        let add = try sandbox.traced(["add", "data"], in: project.repository, calls: ["write"], lie).run()
        #expect(add.code == 0, "\(lie): \(add.errorText)")
        try #require(try sandbox.trace().lines.contains { $0.isTampered && $0.isOfObject })
        try project.commit()
        let push = try sandbox.reg(["push"], in: project.repository).run()
        expectFailure(push, [0, 4], "\(lie): push")
        let clone = try project.clone(as: "clone")
        let verify = try sandbox.reg(["verify", "--data"], in: project.repository).run()
        if push.code == 0 && verify.code == 0 {
            // A manifest that cannot be read is passed over: the files were sent in its place.
            try sandbox.succeed(["pull"], in: clone)
            let pulled = try sandbox.tree("\(clone)/data").entries
            #expect(try pulled == sandbox.tree("\(project.repository)/data").entries)
            return
        }
        if push.code == 0 { expectFailure(verify, [4], "\(lie): verify") }
        let pull = try sandbox.reg(["pull"], in: clone).run()
        expectFailure(pull, [4, 5], "\(lie): pull")
        #expect(try !sandbox.exists("\(clone)/data") || sandbox.tree("\(clone)/data").files.isEmpty)
    }

    /// A file that is cut short while it is read is an error of reading, not a signal.
    @Test func packThatIsCutWhileItIsReadIsCorrupt() throws {
        let work = try Work(.pull)
        let sandbox = work.sandbox
        try work.project.store(as: "stored")
        try work.project.restore(from: "stored")
        let time = try work.command.run().time
        var random = SeededRandom(seed: printedSeed("cut pack"))
        for number in 0..<Soak.count(4, full: 100) {
            try work.project.restore(from: "stored")
            // Not the stored one, which is the same file.
            try sandbox.remove(work.project.registry)
            try sandbox.copy("stored/registry", to: work.project.registry)
            let names = try sandbox.tree(work.project.registry).files.keys.filter {
                $0.lossy.hasSuffix(".pack")
            }
            let delay = time * Double.random(in: 0...0.8, using: &random)
            let length = Int.random(in: 0..<20_000, using: &random)
            let outcome = try work.command.run(after: delay) {
                for name in names {
                    let path = sandbox.path("\(work.project.registry)/\(name.lossy)")
                    try sandbox.run("/usr/bin/truncate", ["--size=\(length)", "--", path])
                }
            }
            let context = "pack cut to \(length) after \(delay), run \(number)"
            expectFailure(outcome, [0, 4], context)
            try work.checkOldOrNew(context)
        }
    }
}

extension Trace.Line {
    /// Whether it writes a pack or a manifest.
    fileprivate var isOfObject: Bool {
        path.map { $0.contains("/packs/") || $0.contains("/manifests/") } ?? false
    }

    /// What the call returned.
    fileprivate var result: Substring { text.split(separator: " ").last ?? "" }
}
