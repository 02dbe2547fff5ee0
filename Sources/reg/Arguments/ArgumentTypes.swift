// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegGit
internal import RegKit
internal import RegLock
internal import RegLog

// What the argument parser calls for each value; what these throw follows "The value '…' is invalid for …: ".

/// A path, byte for byte as it was given.
func pathArgument(_ argument: String) throws -> BytePath {
    guard !argument.isEmpty else { throw ValidationError("it is empty") }
    return argumentBytes(argument)
}

/// A text, which must be UTF-8.
func textArgument(_ argument: String) throws -> String {
    guard !argument.isEmpty else { throw ValidationError("it is empty") }
    guard let text = argumentBytes(argument).utf8 else { throw ValidationError("it is not UTF-8") }
    return text
}

/// The name of an artifact.
func nameArgument(_ argument: String) throws -> ArtifactName {
    if let name = ArtifactName(argument) { return name }
    throw ValidationError(
        "a name is [a-z0-9][a-z0-9._-]*, at most \(ArtifactName.maximumLength) characters"
    )
}

/// An alias.
func aliasArgument(_ argument: String) throws -> Alias {
    if let alias = Alias(argument) { return alias }
    throw ValidationError(
        "an alias is [a-z0-9][a-z0-9._-]*, and not latest, v7, run-… or what could be a commit")
}

/// An alias, alone or after a name and `@`.
func aliasReferenceArgument(_ argument: String) throws -> AliasReference {
    if let reference = AliasReference(argument) { return reference }
    throw ValidationError("it is ALIAS or NAME@ALIAS")
}

/// What to do with symlinks.
func linkPolicyArgument(_ argument: String) throws -> LinkPolicy {
    if let policy = LinkPolicy(rawValue: argument) { return policy }
    throw ValidationError("it is 'keep' or 'follow'")
}

/// What a pull does where the registry cannot be reached, other than fail.
enum UnreachablePolicy: String { case keep }

func unreachableArgument(_ argument: String) throws -> UnreachablePolicy {
    if let policy = UnreachablePolicy(rawValue: argument) { return policy }
    throw ValidationError("it is 'keep'")
}

/// One of the hooks that reg is called by.
func hookArgument(_ argument: String) throws -> GitHook {
    if let hook = GitHook(rawValue: argument) { return hook }
    throw ValidationError("the hooks are \(GitHook.allCases.map(\.rawValue).joined(separator: ", "))")
}

/// How closely versions are compared.
func levelArgument(_ argument: String) throws -> DiffLevel {
    if let level = DiffLevel(rawValue: argument) { return level }
    throw ValidationError("the levels are \(DiffLevel.allCases.map(\.rawValue).joined(separator: ", "))")
}

/// A pattern for paths.
func patternArgument(_ argument: String) throws -> PathPattern {
    if let pattern = PathPattern(try textArgument(argument)) { return pattern }
    throw ValidationError("it is no pattern")
}

/// The type of an artifact.
func typeArgument(_ argument: String) throws -> ArtifactType {
    if let type = ArtifactType(rawValue: argument) { return type }
    throw ValidationError("the types are \(ArtifactType.allCases.map(\.rawValue).joined(separator: ", "))")
}

/// An output `NAME=PATH` of a run, the path below its directory of outputs.
func outputArgument(_ argument: String) throws -> RunRequest.Output {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw ValidationError("an output is NAME=PATH") }
    let name = try nameArgument(String(parts[0]))
    let path = try pathArgument(String(parts[1]))
    let relative = BytePath(path.bytes.last == UInt8(ascii: "/") ? path.bytes.dropLast() : path.bytes[...])
    if relative == BytePath(".") { return RunRequest.Output(name: name, path: BytePath([])) }
    if let hazard = relative.hazard {
        throw ValidationError("the path is relative to REG_OUTPUTS; this one \(hazard.reason)")
    }
    return RunRequest.Output(name: name, path: relative)
}

/// A count of one or more.
func countArgument(_ argument: String) throws -> Int {
    guard let count = Int(argument), count > 0 else { throw ValidationError("it is no number from 1 on") }
    return count
}

/// The range of bytes `A-B`: first and last.
func rangeArgument(_ argument: String) throws -> ClosedRange<UInt64> {
    let parts = argument.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    let bounds = parts.compactMap { decimal($0) }
    guard parts.count == 2, bounds.count == 2, bounds[0] <= bounds[1] else {
        throw ValidationError("a range is A-B: the first byte and the last one, counted from 0")
    }
    return bounds[0]...bounds[1]
}

/// The part `I/N` of a whole.
func shardArgument(_ argument: String) throws -> Shard {
    let parts = argument.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let numbers = parts.compactMap { decimal($0).flatMap { Int(exactly: $0) } }
    guard parts.count == 2, numbers.count == 2, let shard = Shard(numbers[0], of: numbers[1]) else {
        throw ValidationError(
            "a shard is I/N: part I of N, counted from 0, so 0/4 to 3/4; N is at most \(Shard.countLimit)")
    }
    return shard
}

/// Digits alone, unlike `UInt64.init`, which also takes a sign.
private func decimal(_ digits: Substring.UTF8View) -> UInt64? {
    guard digits.first.map({ $0 != UInt8(ascii: "+") }) == true else { return nil }
    return UInt64(Substring(digits))
}
