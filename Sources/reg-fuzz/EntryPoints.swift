// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegFiles
internal import RegHash

/// The target that this process runs; libFuzzer calls with nothing but bytes.
nonisolated(unsafe) private var target: any FuzzTarget.Type = JSONTarget.self

/// Takes `--target=NAME`, and does without fuzzing what `--list` and `--write-seeds=DIRECTORY` ask for.
@c(LLVMFuzzerInitialize) func initialize(
    _ count: UnsafePointer<CInt>, _ arguments: UnsafePointer<UnsafePointer<UnsafePointer<CChar>>>
) -> CInt {
    let words = (0..<Int(count.pointee)).map { String(cString: arguments.pointee[$0]) }
    func value(of flag: String) -> String? {
        words.last { $0.hasPrefix(flag) }.map { String($0.dropFirst(flag.count)) }
    }
    if words.contains("--list") {
        for target in targets { print(target.name) }
        exit(0)
    }
    guard let name = value(of: "--target="), let chosen = targets.first(where: { $0.name == name }) else {
        print("usage: reg-fuzz --list | --target=NAME [--write-seeds=DIRECTORY] [libFuzzer's own arguments]")
        exit(2)
    }
    target = chosen
    if let directory = value(of: "--write-seeds=") {
        do { try writeSeeds(to: BytePath(directory)) } catch {
            print("cannot write the seeds: \(error)")
            exit(1)
        }
        exit(0)
    }
    return 0
}

@c(LLVMFuzzerTestOneInput) func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let before = clock()
    target.run(input)
    // Processor time: a busy machine makes nothing slow.
    claim(clock() - before < 2 * CLOCKS_PER_SEC, "no input takes two seconds")
    return 0
}

/// Writes each seed to a file named by its hash, as libFuzzer names what it finds.
private func writeSeeds(to path: BytePath) throws {
    try makeDirectories(path)
    let directory = try Descriptor.open(path, .directory)
    for seed in try target.seeds() {
        try publish(seed, as: BytePath(SHA256.digest(of: seed).hex), in: directory, .replacing)
    }
}
