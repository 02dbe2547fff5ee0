// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegLock

/// What a path that is added is to be called.
struct NamingOptions: ParsableArguments {
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Its name, instead of the last component of its path.", valueName: "name"),
        transform: nameArgument)
    var name: ArtifactName?

    @Option(
        help: ArgumentHelp(
            "Its type: \(ArtifactType.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "type"),
        completion: .list(ArtifactType.allCases.map(\.rawValue)), transform: typeArgument)
    var type: ArtifactType?
}
