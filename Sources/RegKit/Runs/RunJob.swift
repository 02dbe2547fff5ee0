// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegPin
internal import RegProcess

/// What an engine says of the processes that it has started: which job, and which of its ranks this one is.
struct RunJob: Equatable {
    /// The engine's name of the job, the same for all its ranks and for each time it is started.
    let name: String
    let rank: Int
    let size: Int
    /// Whether several processes are one run.
    var isShared: Bool { size > 1 }
    /// How often the engine has started the job before.
    let restartCount: Int

    /// The job that this process is a part of; nil outside of the engines that are known here.
    init?(_ environment: ProcessEnvironment) throws {
        func text(_ name: String) -> String? {
            environment[name].map { String(decoding: $0, as: UTF8.self) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }
        if let id = text("TORCHELASTIC_RUN_ID"), let rank = number("RANK"), let size = number("WORLD_SIZE") {
            guard id != "none" || number("LOCAL_WORLD_SIZE") == size else {
                throw RegError(
                    .usage, "torchrun gave its processes no name that other hosts know",
                    hint: "give it one: torchrun --rdzv-id=JOB …")
            }
            let port = text("MASTER_PORT") ?? ""
            let agent = id == "none" ? ":\(parentProcessNumber())" : ""
            self.init(
                name: "torchrun:\(id):\(text("MASTER_ADDR") ?? ""):\(port)\(agent)", rank: rank, size: size,
                restartCount: max(0, number("TORCHELASTIC_RESTART_COUNT") ?? 0))
            return
        }
        guard let job = text("SLURM_JOB_ID") else { return nil }
        let cluster = text("SLURM_CLUSTER_NAME") ?? ""
        let size = number("SLURM_STEP_NUM_TASKS") ?? 1
        let step = text("SLURM_STEP_ID").map { ":\($0)" } ?? ""
        self.init(
            name: "slurm:\(cluster):\(job)\(size > 1 ? step : "")",
            rank: size > 1 ? number("SLURM_PROCID") ?? 0 : 0,
            size: size, restartCount: max(0, number("SLURM_RESTART_COUNT") ?? 0))
    }

    private init(name: String, rank: Int, size: Int, restartCount: Int) {
        self.name = name
        self.rank = rank
        self.size = size
        self.restartCount = restartCount
    }

    /// The id of the run that all ranks share: none of them has to ask another.
    func sharedRun(of pin: Pin, _ command: [[UInt8]]) -> RandomName {
        var content = Array("\(name)\0\(pin.id.text)\0".utf8)
        for word in command { content += word + [0] }
        let digest = SHA256.digest(kind: "run", of: content)
        return RandomName(digest.bytes.prefix(RandomName.byteCount)) ?? .random()
    }
}
