// SPDX-License-Identifier: Apache-2.0

import RegBytes
import RegDiff
import RegGit
import RegHash
import RegJSON
import RegLock
import RegLog
import RegMetrics
import RegStore
import RegTensor

@testable import RegCatalog
@testable import RegKit

// One report of each kind, with what is unusual in it: paths that are not UTF-8, texts that steer terminals.

/// A name that is not UTF-8.
let oddPath = BytePath([0x66, 0xff])
let digest = SHA256.digest(of: Array("sample".utf8))
let steering = "red \u{1b}[31m text"

func name(_ text: String) -> ArtifactName {
    guard let name = ArtifactName(text) else { preconditionFailure("\(text) is no name") }
    return name
}

var commit: CommitID {
    guard let commit = CommitID(hex: String(repeating: "ab12", count: 10)) else { preconditionFailure() }
    return commit
}

func alias(_ text: String) -> Alias {
    guard let alias = Alias(text) else { preconditionFailure("\(text) is no alias") }
    return alias
}

enum Sample {
    static let initialized = InitReport(
        project: .random(), registry: "/mnt/\(steering)", isThisMachineOnly: true, isMadeAbsolute: false,
        isNew: true)

    private static let nonFinite: NonFiniteTensors = {
        var found = NonFiniteTensors()
        for _ in 0..<7 {
            found.add(
                .init(
                    file: oddPath, name: "layer.\(steering)", elementCount: 10, nanCount: 1, infiniteCount: 2)
            )
        }
        return found
    }()

    static let added = AddReport(
        artifacts: [
            .init(
                name: name("detector"), type: .weights, path: oddPath, digest: digest, byteCount: 90_868_376,
                fileCount: 1, newByteCount: 80_000_000, storedByteCount: 66_000_000, isInGit: false,
                isUnchanged: false, isRecordedOnly: false, nonFinite: nonFinite),
            .init(
                name: name("configs"), type: .config, path: BytePath("configs/"), digest: digest,
                byteCount: 10,
                fileCount: 2, newByteCount: 0, storedByteCount: 0, isInGit: true, isUnchanged: true,
                isRecordedOnly: false, nonFinite: NonFiniteTensors()),
        ], cautions: ["detector is odd"], notes: ["left out .DS_Store"])

    static let removed = RemoveReport(
        name: name("configs"), type: .config, path: oddPath, digest: nil, byteCount: nil, fileCount: nil,
        notes: [])

    static let used = UseReport(
        name: name("detector"), type: .weights, version: nil, path: oddPath, digest: digest,
        byteCount: 90_868_376, fileCount: 1, isUnchanged: false, notes: [])

    static let status = StatusReport(
        artifacts: [
            .init(
                name: name("train"), path: BytePath("data/train/"), state: .modified, isBehind: false,
                isEdited: true, added: (0..<12).map { BytePath("\($0).png") },
                changed: [BytePath("a"), oddPath], missing: [],
                absent: [BytePath("z")], isInGit: false, isPushed: false),
            .init(
                name: name("val"), path: BytePath("data/val/"), state: .clean, isBehind: false,
                isEdited: false, added: [], changed: [], missing: [],
                absent: [], isInGit: false, isPushed: true),
        ], isPushed: false, isBound: false, isLockCommitted: false, commit: commit, statePath: oddPath)

    static func cleanStatus(isLockCommitted: Bool) -> StatusReport {
        StatusReport(
            artifacts: Array(status.artifacts.suffix(1)), isPushed: true, isBound: false,
            isLockCommitted: isLockCommitted, commit: commit, statePath: oddPath)
    }

    static func pushed(_ binding: PushReport.Binding, record: UInt64?) -> PushReport {
        PushReport(
            record: record, registry: "/mnt/registry",
            artifacts: [
                .init(
                    name: name("detector"), version: 4, digest: digest, byteCount: 90_868_376, fileCount: 1,
                    uploadedByteCount: 1_000_000, reusedByteCount: 89_000_000, isNew: record != nil,
                    nonFinite: nonFinite)
            ], binding: binding, requestCount: 5, retryCount: 1, notes: [],
            metrics: record == nil ? nil : measured.metrics)
    }

    static let boundCommits = CommitsReport(
        records: [17, 18], registry: "/mnt/\(steering)",
        commits: [
            .init(id: commit, outcome: .bound(set: digest, isNew: true)),
            .init(id: commit, outcome: .bound(set: digest, isNew: false)),
            .init(id: commit, outcome: .empty),
            .init(id: commit, outcome: .unbound(reason: "the registry has not data as the commit has it")),
        ], requestCount: 5, retryCount: 1)

    static let hooks = HooksReport(
        hooks: [
            .init(hook: .prePush, path: oddPath, state: .installed),
            .init(hook: .postCheckout, path: BytePath("/hooks/post-checkout"), state: .absent),
        ], notes: ["reg is not in PATH"])

    static let resolved = ResolveReport(
        artifacts: [
            .init(name: name("detector"), settlement: .ours, digest: digest),
            .init(name: name("configs"), settlement: .theirs, digest: nil),
        ], conflicts: [name("data")], clashes: [])

    static let clashing = ResolveReport(
        artifacts: [], conflicts: [name("data")],
        clashes: [
            .init(
                name: name("data"),
                paths: [
                    .init(path: oddPath, ours: .changed, theirs: .removed),
                    .init(path: BytePath("a"), ours: .file, theirs: .directory),
                ])
        ])

    static let doctored: DoctorReport = {
        let checks = [
            StoreCheck("create-only", .writing, true, "one won"),
            StoreCheck("payload hash", .safety, false, "stored"),
        ]
        return DoctorReport(registry: "s3://bucket/team", endpoint: "https://s3.example", checks: checks)
    }()

    private static let comparedTensors: [DiffReport.TensorChange] = {
        let tensor = Tensor(
            name: "layer.0.\(steering)", dtype: "F32\(steering)", shape: [2, 3], range: 0..<24)
        let other = Tensor(name: "layer.0.b", dtype: "U8", shape: [], range: 0..<1)
        let figures = NumberType(dtype: "F32").map { type in
            [UInt8](repeating: 0xff, count: 24).withUnsafeBytes { Figures(from: $0, type, to: $0, type) }
        }
        return [
            (.changed, tensor, tensor, figures), (.added, nil, other, nil), (.renamed, tensor, other, nil),
        ].map {
            let statistics = $3.map { _ in
                TensorStatistics(
                    elementCount: 6, nanCount: 6, infiniteCount: 0, mean: .nan, deviation: .nan,
                    minimum: .nan,
                    maximum: .infinity)
            }
            return DiffReport.TensorChange(
                artifact: "detector", file: oddPath, formerFile: oddPath, status: $0, old: $1, new: $2,
                figures: $3, histograms: nil, oldStatistics: statistics, newStatistics: statistics)
        }
    }()

    private static let comparedAnnotations: [DiffReport.Annotations] = {
        func stream(_ text: String) -> ByteStream { ByteStream(Array(text.utf8)) }
        func coco(_ label: String, _ x: Int, _ image: String) -> ByteStream {
            let label = JSON.string(label).compact
            return stream(
                #"{"images": [{"id": 1, "file_name": \#(JSON.string(image).compact)}], "categories": [{"id": 1, "name": \#(label)}], "#
                    + #""annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [\#(x), 0, 1, 1]}]}"#
            )
        }
        let tables = try? TableDifference.between(
            stream("id,label\n1,a\n2,\(steering)\n"), stream("id,label\n1,\(steering)\n3,b\n"), .csv, key: [])
        let boxes = try? COCODifference.between(coco("a", 1, "b"), coco(steering, 2, steering))
        return [tables?.difference, boxes?.difference].compactMap { $0 }.map {
            DiffReport.Annotations(
                artifact: "boxes", file: oddPath, difference: $0,
                sharedImages: [.init(file: oddPath, old: 0, new: 1, examples: [steering])])
        }
    }()

    static let compared = DiffReport(
        old: "detector@v1", new: "./\(steering)", isOfSets: true,
        artifacts: [
            .init(
                name: "detector", type: .weights,
                old: .init(version: 6, digest: digest, byteCount: 5, fileCount: 1), new: nil,
                files: [.removed: 1, .changed: 2], unchangedFileCount: 1, sharedByteCount: 1,
                byteCountToFetch: 2, tensorCount: 3, largestChange: comparedTensors[0], configKeyCount: 2),
            .init(
                name: "data", type: nil, old: nil,
                new: .init(version: nil, digest: nil, byteCount: 7, fileCount: 1), files: [.added: 1],
                unchangedFileCount: 0, sharedByteCount: 0, byteCountToFetch: 7),
        ], unchangedArtifactCount: 1,
        commits: .init(
            new: CommitRange(
                commits: [
                    CommitSummary(
                        id: commit, subject: steering, author: steering, time: "2026-11-22T17:45:15+01:00")
                ], count: 7), old: CommitRange(commits: [], count: 0)),
        files: [
            .init(artifact: "data", status: .added, old: nil, new: shown.files[0]),
            .init(artifact: "data", status: .renamed, old: shown.files[1], new: shown.files[0]),
            .init(artifact: "detector", status: .removed, old: shown.files[1], new: nil),
        ], unchangedFileCount: 3, tensors: comparedTensors, unchangedTensorCount: 7,
        configs: [
            .init(
                artifact: "cfg", file: oddPath,
                difference: ConfigDifference(key: "a[0].\(steering)", old: .string(steering), new: nil)),
            .init(
                artifact: "cfg", file: oddPath,
                difference: ConfigDifference(key: "b", old: .number(.nan), new: .array([]))),
        ], annotations: comparedAnnotations,
        datasets: [
            .init(
                artifact: "data", folders: [.init(path: oddPath, old: 3, new: 2)], unchangedFolderCount: 1,
                overlaps: [
                    .init(
                        first: "train", second: steering, old: 0, new: 2, examples: [(oddPath, BytePath("a"))]
                    ),
                    .init(first: "", second: "", old: 1, new: 0, examples: []),
                ])
        ],
        metrics: [
            .init(
                artifact: "run", file: oddPath,
                difference: MetricDifference(name: "val.\(steering).loss", old: 0.5, new: .nan)),
            .init(
                artifact: "run", file: oddPath,
                difference: MetricDifference(
                    name: "map", old: nil, new: 0.5,
                    newSeries: MetricSeries(
                        points: [.init(step: 1, value: .infinity)], count: 1, minimum: .infinity,
                        maximum: .infinity))),
        ], unchangedMetricCount: 2, sharedByteCount: 1,
        byteCountToFetch: 2, notes: ["not here"])

    static let pulled = PullReport(
        artifacts: [
            .init(
                name: name("detector"), version: nil, digest: digest, path: oddPath, byteCount: 90_868_376,
                fileCount: 1, fetchedByteCount: 77_000_000, keptByteCount: 0, writtenFileCount: 1,
                removedFileCount: 0, absentFileCount: 0)
        ], requestCount: 4, retryCount: 1, notes: ["1 file here is not of reg"])

    static let listed = ListReport(artifacts: [
        .init(
            name: name("detector"), type: .weights, version: 4, digest: digest, byteCount: 1_234,
            fileCount: 1,
            aliases: [
                (alias: alias("prod"), version: UInt64(3)), (alias: alias("staging"), version: UInt64(4)),
            ])
    ])

    static let shown = ShowReport(
        name: name("detector"), type: .weights, version: 4, digest: digest, byteCount: 1_234, fileCount: 2,
        message: steering, author: "A <a@example.org>", time: "2026-11-22T17:45:15Z", commits: [commit.hex],
        aliases: [alias("staging")], packByteCount: 1_000,
        files: [
            .init(path: oddPath, byteCount: 1_234, kind: .file(hash: digest, isExecutable: true)),
            .init(path: BytePath("empty"), byteCount: 0, kind: .emptyDirectory),
            .init(path: BytePath("link"), byteCount: 0, kind: .symlink(target: oddPath)),
        ])

    static let history = [
        HistoryEntry(
            record: 17, kind: "push", time: "2026-11-22T17:45:15Z", author: steering, name: "detector",
            version: 4,
            digest: digest, commit: nil, reason: nil, message: steering),
        HistoryEntry(
            record: 16, kind: "void", time: "", author: "", name: nil, version: nil, digest: nil, commit: nil,
            reason: "does not parse", message: nil),
        HistoryEntry(
            record: 15, kind: "promote", time: "", author: "", name: "detector", version: 3, digest: nil,
            commit: nil, reason: nil, message: steering, alias: alias("prod"), from: 4, isRollback: true),
        HistoryEntry(
            record: 14, kind: "run", time: "", author: "", name: nil, version: nil, digest: digest,
            commit: nil,
            reason: nil, message: nil, run: .random(), status: "failed"),
        HistoryEntry(
            record: 13, kind: "measure", time: "", author: "", name: "detector", version: 3, digest: nil,
            commit: nil, reason: nil, message: nil, metrics: measured.metrics),
        HistoryEntry(
            record: 12, kind: "pin", time: "", author: "", name: nil, version: nil, digest: digest,
            commit: commit.hex, reason: nil, message: nil, command: ["train", steering]),
    ]

    static func verified(_ problems: [VerifyReport.Problem]) -> VerifyReport {
        VerifyReport(
            problems: problems, recordCount: 17, versionCount: 4, packCount: 9, byteCount: 1 << 30,
            isDataChecked: true)
    }

    static let problem = VerifyReport.Problem(
        kind: "pack", object: "packs/3f/x.pack", artifacts: ["detector@v4"], message: "chunk 17: \(steering)")

    static let store = StoreReport(
        path: oddPath, packCount: 9, byteCount: 500 << 20, linkedByteCount: 400 << 20,
        unpushedByteCount: 64 << 20, quota: 20 << 30)

    static func trimmed(isDryRun: Bool) -> TrimReport {
        TrimReport(
            path: oddPath, packCount: 8, byteCount: 436 << 20, freedByteCount: 36 << 20, manifestCount: 3,
            keptPackCount: 1, keptByteCount: 64 << 20, isDryRun: isDryRun)
    }

    static let rebuilt = RebuildReport(recordCount: 17, versionCount: 4, packCount: 9, fileCount: 100)
}
