// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegHash
import RegJSON
import RegJobs
import RegTesting
import Testing

/// Somebody changes the tree while reg works in it.
struct RaceTests {
    private let sandbox: Sandbox
    private let project: Project
    private let canary: Tree

    private var data: String { "\(project.repository)/data" }

    /// Version 1 of `data` pushed; `canary` lies outside and has the names of its files.
    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
        for number in 0..<40 {
            let bytes = seededBytes(count: 5_000, seed: UInt64(number))
            try sandbox.write("\(project.repository)/data/sub/deep/\(number)", bytes)
            try sandbox.write("canary/deep/\(number)", Array("canary \(number)".utf8))
        }
        try project.pushAll(["data"])
        canary = try sandbox.tree("canary")
    }

    /// Calls `change` again and again on a thread of its own for as long as `body` runs.
    private func meanwhile<Result: Sendable>(
        _ change: @escaping @Sendable () -> Void, _ body: @escaping @Sendable () throws -> Result
    ) throws -> Result {
        let isDone = Monitor(false)
        let results: [Result?] = try onThreads(2) { thread in
            if thread == 0 {
                defer { isDone.with { $0 = true } }
                return try body()
            }
            while !isDone.with({ $0 }) { change() }
            return nil
        }
        return try #require(results.compactMap(\.self).first)
    }

    /// Exchanges the directory and a link to the canary at one stroke, each staying for a moment.
    private func swapping(_ directory: String) throws -> @Sendable () -> Void {
        // Swift does not import it.
        typealias Rename =
            @convention(c) (
                Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
            ) -> Int32
        let renameat2 = unsafeBitCast(try #require(dlsym(nil, "renameat2")), to: Rename.self)
        let (place, link) = (sandbox.path(directory), sandbox.path("link"))
        unlink(link)
        symlink(sandbox.path("canary"), link)
        return {
            for _ in 0..<2 {
                _ = renameat2(AT_FDCWD, place, AT_FDCWD, link, 2)  // RENAME_EXCHANGE
                usleep(UInt32.random(in: 0...2_000))
            }
        }
    }

    @Test func pullNeverFollowsALinkThatJustCame() throws {
        let clone = try project.clone(as: "clone")
        try sandbox.succeed(["pull"], in: clone)
        var codes: [Int32: Int] = [:]
        for number in 0..<Soak.count(15, full: 1_000) {
            // Half of the files must be written anew.
            for file in 0..<20 { try sandbox.write("\(clone)/data/sub/deep/\(file)", [UInt8(number & 0xff)]) }
            let outcome = try meanwhile(try swapping("\(clone)/data/sub")) { [sandbox] in
                try sandbox.reg(["pull", "--force"], in: clone).run()
            }
            expectFailure(outcome, [0, 3, 6, 9], "pull \(number)")
            codes[outcome.code ?? -1, default: 0] += 1
            let now = try sandbox.tree("canary")
            #expect(now.entries == canary.entries && now.traces == canary.traces, "pull \(number)")
        }
        print("pull beside a swapped link: \(codes)")
        try sandbox.succeed(["pull", "--force"], in: clone)
        #expect(try sandbox.tree("\(clone)/data").files == sandbox.tree(data).files)
    }

    @Test func addNeverReadsThroughALinkThatJustCame() throws {
        let foreign = Set(
            canary.files.values.compactMap { entry -> String? in
                if case .file(let digest, _, _) = entry { digest.text } else { nil }
            })
        var codes: [Int32: Int] = [:]
        for number in 0..<Soak.count(15, full: 1_000) {
            for file in 0..<20 {
                try sandbox.write("\(data)/sub/deep/\(file)", [UInt8(number & 0xff), UInt8(file)])
            }
            let outcome = try meanwhile(try swapping("\(data)/sub")) { [sandbox, project] in
                try sandbox.reg(["add", "data"], in: project.repository).run()
            }
            expectFailure(outcome, [0, 3, 6], "add \(number)")
            codes[outcome.code ?? -1, default: 0] += 1
            guard outcome.code == 0 else { continue }
            let files = try sandbox.succeed(["ls", "data", "--json"], in: project.repository)["files"]
            let hashes = files?.arrayValue?.compactMap { $0["sha256"]?.stringValue } ?? []
            #expect(foreign.isDisjoint(with: hashes), "add \(number) took files from outside")
        }
        print("add beside a swapped link: \(codes)")
    }

    /// Files that grow, shrink and go while they are read: an add says so, or has one of the states.
    @Test func fileThatChangesWhileItIsAddedIsAConflict() throws {
        let path = sandbox.path("\(data)/busy")
        let content = seededBytes(count: 1 << 20, seed: 77)
        var codes: [Int32: Int] = [:]
        for number in 0..<Soak.count(9, full: 300) {
            try sandbox.write("\(data)/busy", content)
            let kind = number % 3
            let outcome = try meanwhile {
                switch kind {
                case 0:
                    truncate(path, 1_000)
                    truncate(path, 1 << 20)
                case 1:
                    let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
                    _ = write(file, path, 10)
                    close(file)
                default:
                    rename(path, path + ".gone")
                    rename(path + ".gone", path)
                }
            } _: { [sandbox, project] in
                try sandbox.reg(["add", "data"], in: project.repository).run()
            }
            expectFailure(outcome, [0, 3], "add \(number)")
            codes[outcome.code ?? -1, default: 0] += 1
            guard outcome.code == 0 else { continue }
            // Whatever it was, it is whole.
            try sandbox.succeed(["pull", "data", "-o", "../out"], in: project.repository)
            try sandbox.remove("\(project.place)/out")
        }
        print("add of a file that changes: \(codes)")
        try sandbox.succeed(["add", "data"], in: project.repository)
        try sandbox.succeed(["pull", "data", "-o", "../out"], in: project.repository)
        #expect(try sandbox.tree("\(project.place)/out").files == sandbox.tree(data).files)
    }
}
