// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHost
internal import RegJSON
internal import RegJobs
internal import RegProcess

extension RunDirectory {
    /// Notes, beside the command, on what machine and with which Python a run runs; nothing depends on it.
    ///
    /// - Returns: the thread that does so; nil where there can be none.
    func witnessHost(of command: [[UInt8]], _ environment: ProcessEnvironment) -> WorkerThread? {
        let directory = self
        return try? WorkerThread {
            guard case .object(var facts) = HostFacts.collect(environment).json else { return }
            facts["python"] =
                PythonPackages.collect(
                    command.map { Subprocess.Argument($0) }, environment: environment, in: directory.inputs
                )?.json ?? .null
            _ = try? publish(
                Array((JSON.object(facts).compact + "\n").utf8), as: RunDirectory.hostName,
                in: directory.root,
                .replacing)
        }
    }
}
