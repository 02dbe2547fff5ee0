// swift-tools-version:6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A library target of this package; `uses` are the arrows of docs/architecture.md.
func library(_ name: String, uses: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: uses, swiftSettings: settings)
}

func tests(_ name: String, of uses: [Target.Dependency], excluding: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: uses + ["RegTesting"], exclude: excluding, swiftSettings: settings)
}

let package = Package(
    name: "reg",
    products: [
        .executable(name: "reg", targets: ["reg"]), .executable(name: "reg-bench", targets: ["reg-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CPosix"),
        .target(name: "CCurl"),
        .target(name: "CKernels"),

        library("RegBytes"),
        library("RegJSON", uses: ["RegBytes"]),
        library("RegXML", uses: ["RegBytes"]),
        library("RegJobs"),
        library("RegHash", uses: ["RegBytes", "CKernels", "CLibCrypto"]),
        library("RegFiles", uses: ["RegBytes", "RegJobs", "CPosix"]),
        library("RegChunk"),
        library("RegTensor", uses: ["RegBytes", "RegJSON"]),
        library("RegCodec", uses: ["RegBytes", "CLZ4", "CZstd", "CKernels"]),
        library(
            "RegDiff",
            uses: [
                "RegBytes", "RegJSON", "RegXML", "RegMetrics", "CKernels", "CYAML",
                .product(name: "TOMLKit", package: "TOMLKit"),
            ]),
        library("RegPage", uses: ["RegBytes"]),
        library("RegStore", uses: ["RegBytes", "RegHash", "RegFiles"]),
        library("RegProcess", uses: ["RegBytes", "CPosix"]),
        library("RegHost", uses: ["RegBytes", "RegJSON", "RegJobs", "RegFiles", "RegProcess"]),
        library("RegHTTP", uses: ["RegFiles", "RegJobs", "CCurl"]),
        library(
            "RegS3",
            uses: [
                "RegBytes", "RegJSON", "RegXML", "RegHash", "RegFiles", "RegJobs", "RegStore", "RegProcess",
                "RegHTTP",
            ]),
        library("RegPack", uses: ["RegBytes", "RegHash", "RegJobs", "RegCodec", "RegFiles", "RegStore"]),
        library("RegManifest", uses: ["RegBytes", "RegHash", "RegTensor", "RegCodec", "RegPack"]),
        library(
            "RegCache", uses: ["RegBytes", "RegHash", "RegFiles", "RegJobs", "RegManifest"]),
        library(
            "RegLog",
            uses: [
                "RegBytes", "RegHash", "RegJSON", "RegJobs", "RegCodec", "RegStore", "RegFiles", "RegLock",
                "RegPin", "RegMetrics",
            ]),
        .target(
            name: "RegCatalog",
            dependencies: [
                "RegBytes", "RegHash", "RegFiles", "RegJobs", "RegCodec", "RegPack", "RegJSON", "RegLock",
                "RegLog",
                "RegPin", "RegMetrics", "CSQLite",
            ],
            resources: [
                .embedInCode("../../schema/manifest-001.sql"), .embedInCode("../../schema/manifest-002.sql"),
                .embedInCode("../../schema/manifest-003.sql"),
                .embedInCode("../../schema/manifest-004.sql"), .embedInCode("../../schema/manifest-005.sql"),
                .embedInCode("../../schema/manifest-006.sql"),
            ], swiftSettings: settings),
        library("RegLock", uses: ["RegBytes", "RegHash"]),
        library("RegPin", uses: ["RegBytes", "RegHash", "RegJSON", "RegLock"]),
        library("RegMetrics", uses: ["RegBytes", "RegJSON"]),
        library("RegGit", uses: ["RegBytes", "RegHash", "RegFiles", "RegProcess", "RegLock"]),
        library(
            "RegKit",
            uses: [
                "RegBytes", "RegJSON", "RegJobs", "RegHash", "RegFiles", "RegChunk", "RegTensor", "RegCodec",
                "RegDiff", "RegStore", "RegPack", "RegManifest", "RegCache", "RegLock", "RegPin",
                "RegMetrics",
                "RegLog", "RegCatalog", "RegProcess", "RegHost", "RegGit", "RegHTTP", "RegS3",
                .product(name: "TOMLKit", package: "TOMLKit"),
            ]),
        .executableTarget(
            name: "reg",
            dependencies: [
                "RegKit", "RegBytes", "RegJSON", "RegHash", "RegStore", "RegLock", "RegPin", "RegMetrics",
                "RegLog", "RegCatalog", "RegTensor", "RegDiff", "RegGit", "RegPage", "CPosix",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: settings),

        .executableTarget(
            name: "reg-bench",
            dependencies: ["RegBytes", "RegFiles", "RegHash", "RegChunk", "RegCodec", "RegDiff"],
            swiftSettings: settings),

        library(
            "RegTesting",
            uses: [
                "RegBytes", "RegJSON", "RegHash", "RegJobs", "RegFiles", "RegStore", "RegLock", "RegPin",
                "RegMetrics",
                "RegLog", "CPosix",
            ]),
        tests("RegBytesTests", of: ["RegBytes"]),
        tests("RegHashTests", of: ["RegBytes", "RegHash"]),
        tests("RegFilesTests", of: ["RegBytes", "RegFiles"]),
        tests("RegJobsTests", of: ["RegJobs"]),
        tests("RegStoreTests", of: ["RegBytes", "RegHash", "RegFiles", "RegStore"]),
        tests("RegPackTests", of: ["RegBytes", "RegHash", "RegCodec", "RegFiles", "RegStore", "RegPack"]),
        tests(
            "RegManifestTests",
            of: ["RegBytes", "RegHash", "RegTensor", "RegCodec", "RegPack", "RegManifest"]),
        tests(
            "RegCacheTests",
            of: ["RegBytes", "RegHash", "RegFiles", "RegJobs", "RegManifest", "RegCache"]),
        tests(
            "RegLogTests",
            of: [
                "RegBytes", "RegHash", "RegFiles", "RegCodec", "RegStore", "RegPack", "RegManifest",
                "RegLock", "RegPin", "RegMetrics", "RegLog",
            ]),
        tests(
            "RegCatalogTests",
            of: [
                "RegBytes", "RegHash", "RegFiles", "RegCodec", "RegPack", "RegLock", "RegPin", "RegMetrics",
                "RegLog", "RegCatalog",
            ]),
        tests("RegJSONTests", of: ["RegJSON"]),
        tests("RegXMLTests", of: ["RegXML"]),
        tests("RegChunkTests", of: ["RegChunk"]),
        tests(
            "RegTensorTests", of: ["RegBytes", "RegFiles", "RegJSON", "RegTensor"], excluding: ["Fixtures"]),
        tests("RegCodecTests", of: ["RegCodec"]),
        tests("RegDiffTests", of: ["RegBytes", "RegJSON", "RegDiff"]),
        tests("RegPageTests", of: ["RegPage"]),
        tests("RegLockTests", of: ["RegBytes", "RegHash", "RegLock"]),
        tests("RegPinTests", of: ["RegBytes", "RegHash", "RegJSON", "RegLock", "RegPin"]),
        tests("RegMetricsTests", of: ["RegJSON", "RegMetrics"]),
        tests("RegProcessTests", of: ["RegBytes", "RegFiles", "RegJobs", "RegProcess"]),
        tests("RegHostTests", of: ["RegBytes", "RegJSON", "RegFiles", "RegProcess", "RegHost"]),
        tests(
            "RegHTTPTests", of: ["RegBytes", "RegHash", "RegJSON", "RegFiles", "RegHTTP"],
            excluding: ["server.py"]),
        tests(
            "RegS3Tests",
            of: ["RegBytes", "RegJSON", "RegFiles", "RegJobs", "RegProcess", "RegHTTP", "RegS3"],
            excluding: ["credential_server.py"]),
        tests("RegGitTests", of: ["RegBytes", "RegLock", "RegProcess", "RegGit"]),
        tests(
            "CommandLineTests",
            of: [
                "reg", "RegKit", "RegBytes", "RegJSON", "RegHash", "RegStore", "RegLock", "RegPin",
                "RegMetrics", "RegLog", "RegCatalog", "RegTensor", "RegDiff", "RegGit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        tests(
            "S3Tests",
            of: [
                "RegBytes", "RegHash", "RegJSON", "RegJobs", "RegFiles", "RegStore", "RegHTTP", "RegS3",
            ]),
        tests("FaultTests", of: ["RegBytes", "RegHash", "RegJSON", "RegJobs"]),
        tests(
            "EndToEndTests", of: ["RegBytes", "RegJSON", "RegHash", "RegTensor", "RegCodec"],
            excluding: ["Fixtures"]),
    ],
    swiftLanguageModes: [.v6]
)

// The fuzz targets link only with libFuzzer, which brings the main function: `make fuzz`.
if Context.environment["REG_FUZZ"] != nil {
    package.products.append(.executable(name: "reg-fuzz", targets: ["reg-fuzz"]))
    package.targets.append(
        .executableTarget(
            name: "reg-fuzz",
            dependencies: [
                "RegKit", "RegBytes", "RegJSON", "RegHash", "RegFiles", "RegChunk", "RegTensor", "RegCodec",
                "RegDiff",
                "RegStore", "RegXML", "RegS3", "RegPack", "RegManifest", "RegLock", "RegPin", "RegMetrics",
                "RegLog", "RegGit", "RegTesting",
            ], swiftSettings: settings))
}
