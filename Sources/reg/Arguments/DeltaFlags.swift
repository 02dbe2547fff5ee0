// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

/// What new bytes may be coded against.
struct DeltaFlags: ParsableArguments {
    @Flag(
        name: .customLong("no-delta"),
        help: "Code new bytes by themselves, not against those of the version before.")
    var isOff = false
    @Option(
        name: .customLong("base"),
        help: ArgumentHelp(
            "A version to look at beside the one before, such as the model that was fine-tuned.",
            valueName: "ref"),
        transform: textArgument)
    var base: String?

    func validate() throws {
        if isOff && base != nil { throw ValidationError("--no-delta and --base exclude each other") }
    }

    var options: DeltaOptions {
        var options = DeltaOptions()
        options.isOff = isOff
        options.base = base
        return options
    }
}
