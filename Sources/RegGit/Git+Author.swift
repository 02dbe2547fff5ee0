// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
package import RegProcess

extension Git {
    /// Who git would name as author, as `Name <email>`; the user of this machine where git knows nobody.
    package func author() -> String {
        // A record's author is information only: whatever the reason, the user's name is the next best.
        guard let outcome = try? program.run("var", ["GIT_AUTHOR_IDENT"]), outcome.isSuccess,
            let close = outcome.output.lastIndex(of: UInt8(ascii: ">"))
        else { return Git.localAuthor(environment: program.environment) }
        // Behind the address stand time and zone.
        return String(decoding: outcome.output[...close], as: UTF8.self)
    }

    /// The user of this machine as `user@host`: for places where git is not.
    package static func localAuthor(environment: ProcessEnvironment = .inherited) -> String {
        let named = ["LOGNAME", "USER"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        let user = named.map { String(decoding: $0, as: UTF8.self) } ?? accountName() ?? "uid \(geteuid())"
        return "\(user)@\(hostName())"
    }
}

/// The name that the system's list of users has for this process; nil in containers that run as nobody in it.
private func accountName() -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var texts = [CChar](repeating: 0, count: 16 << 10)
    return texts.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress,
            getpwuid_r(geteuid(), &entry, start, buffer.count, &found) == 0, let name = found?.pointee.pw_name
        else { return nil }
        return String(cString: name)
    }
}

private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
