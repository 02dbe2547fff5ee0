// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegPin
internal import RegProcess

/// What an engine says of the processes that it has started: which job, and which of its ranks this one is.
///
/// `REG_JOB` gives the job a name where the engine has none, or one that ends with the engine's job.
struct RunJob: Equatable {
    /// The name of the job, the same for all its ranks and for each time it is started.
    let name: String
    let rank: Int
    let size: Int
    /// Whether several processes are one run.
    var isShared: Bool { size > 1 }
    /// How often the engine has started the job before, as far as it says so.
    let restartCount: Int
    /// Whether an earlier start may have left a run to go on with.
    let mayGoOn: Bool

    private static let nameLimit = 200

    /// The job that this process is a part of; nil outside of the engines that are known here.
    init?(_ environment: ProcessEnvironment) throws {
        func text(_ name: String) -> String? {
            environment[name].map { String(decoding: $0, as: UTF8.self) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }
        let given = text("REG_JOB")
        if let given, given.utf8.count > RunJob.nameLimit || given.utf8.contains(where: { $0 < 0x20 }) {
            throw RegError(
                .usage, "REG_JOB is no name for a job: '\(printable(given))'",
                hint: "at most \(RunJob.nameLimit) bytes, without control characters")
        }
        func named(_ name: String, rank: Int, size: Int, restarts: Int?) -> RunJob {
            let restarts = max(0, restarts ?? 0)
            return RunJob(
                name: given.map { "job:\($0)" } ?? name, rank: rank, size: size, restartCount: restarts,
                mayGoOn: given != nil || restarts > 0)
        }
        if let id = text("TORCHELASTIC_RUN_ID"), let rank = number("RANK"), let size = number("WORLD_SIZE") {
            guard given != nil || id != "none" || number("LOCAL_WORLD_SIZE") == size else {
                throw RegError(
                    .usage, "torchrun gave its processes no name that other hosts know",
                    hint: "give it one: torchrun --rdzv-id=JOB …")
            }
            let port = text("MASTER_PORT") ?? ""
            let agent = id == "none" ? ":\(parentProcessNumber())" : ""
            self = named(
                "torchrun:\(id):\(text("MASTER_ADDR") ?? ""):\(port)\(agent)", rank: rank, size: size,
                restarts: number("TORCHELASTIC_RESTART_COUNT"))
        } else if let job = text("SLURM_JOB_ID") {
            let cluster = text("SLURM_CLUSTER_NAME") ?? ""
            let size = number("SLURM_STEP_NUM_TASKS") ?? 1
            let step = text("SLURM_STEP_ID").map { ":\($0)" } ?? ""
            self = named(
                "slurm:\(cluster):\(job)\(size > 1 ? step : "")",
                rank: size > 1 ? number("SLURM_PROCID") ?? 0 : 0, size: size,
                restarts: number("SLURM_RESTART_COUNT"))
        } else if given != nil {
            self = named("", rank: 0, size: 1, restarts: nil)
        } else {
            return nil
        }
    }

    private init(name: String, rank: Int, size: Int, restartCount: Int, mayGoOn: Bool) {
        self.name = name
        self.rank = rank
        self.size = size
        self.restartCount = restartCount
        self.mayGoOn = mayGoOn
    }

    /// The id of the run that all ranks share: none of them has to ask another.
    func sharedRun(of pin: Pin, _ command: [[UInt8]]) -> RandomName {
        var content = Array("\(name)\0\(pin.id.text)\0".utf8)
        for word in command { content += word + [0] }
        let digest = SHA256.digest(kind: "run", of: content)
        return RandomName(digest.bytes.prefix(RandomName.byteCount)) ?? .random()
    }
}
