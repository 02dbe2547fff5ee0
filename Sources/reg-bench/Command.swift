// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What one run of a program took.
struct Usage {
    var cpuSeconds = 0.0
    var wallSeconds = 0.0
    /// The largest resident set, in bytes.
    var peakByteCount: UInt64 = 0

    static func + (left: Usage, right: Usage) -> Usage {
        Usage(
            cpuSeconds: left.cpuSeconds + right.cpuSeconds, wallSeconds: left.wallSeconds + right.wallSeconds,
            peakByteCount: max(left.peakByteCount, right.peakByteCount))
    }
}

struct CommandFailure: Error {
    let command: String
    let status: Int32
}

/// Runs a program in `directory` and waits for it, its output thrown away.
@discardableResult
func run(_ arguments: [String], in directory: String, environment: [String]) throws -> Usage {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    chdir(directory)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for word in words + variables { free(word) } }
    sync()  // what was written before is not this run's
    let start = wallSeconds()
    var child: pid_t = 0
    let code = posix_spawnp(&child, arguments[0], &actions, nil, &words, &variables)
    guard code == 0 else { throw CommandFailure(command: arguments.joined(separator: " "), status: code) }
    var status: Int32 = 0
    var usage = rusage()
    wait4(child, &status, 0, &usage)
    guard status == 0 else { throw CommandFailure(command: arguments.joined(separator: " "), status: status) }
    return Usage(
        cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), wallSeconds: wallSeconds() - start,
        peakByteCount: UInt64(usage.ru_maxrss) * 1024)
}

private func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

private func wallSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
