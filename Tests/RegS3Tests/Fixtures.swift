// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegFiles
import RegProcess
import RegS3
import RegTesting

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A home directory of its own, with the files of the AWS tools, and the environment of a user there.
struct Home {
    let path: BytePath
    var environment: ProcessEnvironment

    /// Writes a file below the home directory and gives its path.
    @discardableResult func write(_ text: String, to name: String, mode: UInt32 = 0o600) throws -> String {
        let file = path.appending(name)
        try makeDirectories(file.parent)
        let descriptor = try Descriptor.open(file, .update)
        try descriptor.truncate(to: 0)
        try descriptor.write(bytes(text))
        try descriptor.setMode(mode)
        return file.lossy
    }

    /// What the message of a search is that finds nothing, or that stops.
    func failure(_ now: Int64 = 0) throws -> String {
        do {
            _ = try chain(now).credentials()
            return "no failure"
        } catch let error as CredentialError {
            return error.message
        }
    }

    func chain(_ now: Int64 = 0) throws -> CredentialChain {
        try AWSConfiguration.read(environment).credentials(now: { now })
    }
}

func withHome<Result>(_ variables: KeyValuePairs<String, String> = [:], _ body: (inout Home) throws -> Result)
    throws
    -> Result
{
    try withTemporaryDirectory { path in
        var environment = ProcessEnvironment().setting([
            "PATH": "/usr/bin:/bin", "HOME": path.lossy, "AWS_EC2_METADATA_DISABLED": "true",
        ])
        for (name, value) in variables { environment[name] = bytes(value) }
        var home = Home(path: path, environment: environment)
        return try body(&home)
    }
}
