// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc
internal import RegBytes

extension Subprocess {
    /// Starts the program on `channels`; its process number.
    func spawn(_ channels: StandardChannels) throws(SubprocessError) -> pid_t {
        let words = [program.bytes] + arguments.map(\.bytes)
        let strings = words + environment.entries + [directory?.bytes ?? []]
        guard strings.allSatisfy({ !$0.contains(0) }) else { throw .nulByte }
        var process: pid_t = 0
        let code = withFileActions(channels) { actions in
            withAttributes { attributes in
                withCStrings(words) { arguments in
                    withCStrings(environment.entries) { variables in
                        var arguments = arguments
                        var variables = variables
                        guard let file = arguments[0] else { return EINVAL }
                        return posix_spawn(&process, file, actions, attributes, &arguments, &variables)
                    }
                }
            }
        }
        guard code == 0 else { throw .start(program: program, code: code) }
        return process
    }

    /// Calls `body` with what the new process does to its descriptors and its directory before it starts.
    private func withFileActions(
        _ channels: StandardChannels, _ body: (UnsafePointer<posix_spawn_file_actions_t>) -> Int32
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var code: Int32 = 0
        if channels.input.isOpen {
            code |= posix_spawn_file_actions_adddup2(&actions, channels.input.far, 0)
        } else {
            code |= posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        code |= posix_spawn_file_actions_adddup2(&actions, channels.output.far, 1)
        code |= posix_spawn_file_actions_adddup2(&actions, channels.errors.far, 2)
        if let directory {
            code |= withCStrings([directory.bytes]) { reg_spawn_add_chdir(&actions, $0[0]) }
        }
        // The only way these calls fail is for want of memory.
        return code == 0 ? body(&actions) : ENOMEM
    }
}

/// Calls `body` with attributes that undo what this process does to its signals.
private func withAttributes(_ body: (UnsafePointer<posix_spawnattr_t>) -> Int32) -> Int32 {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var unblocked = sigset_t()
    sigemptyset(&unblocked)
    posix_spawnattr_setsigmask(&attributes, &unblocked)
    var reset = sigset_t()
    sigemptyset(&reset)
    sigaddset(&reset, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &reset)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    return body(&attributes)
}

/// Calls `body` with the strings as C wants them: ended by NUL each, the list ended by nil.
func withCStrings<Result>(
    _ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    var starts: [Int] = []
    var characters: [CChar] = []
    for string in strings {
        starts.append(characters.count)
        characters.append(contentsOf: string.lazy.map { CChar(bitPattern: $0) })
        characters.append(0)
    }
    return characters.withUnsafeMutableBufferPointer { buffer in
        body(starts.map { start in buffer.baseAddress.map { $0 + start } } + [nil])
    }
}
