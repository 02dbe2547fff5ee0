// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

extension Place {
    /// Runs reg, which must succeed and say nothing of an error.
    @discardableResult func reg(
        _ arguments: String..., at location: SourceLocation = #_sourceLocation
    ) throws -> Command.Outcome {
        try reg(arguments.map { Array($0.utf8) }, at: location)
    }

    @discardableResult func reg(
        _ arguments: [[UInt8]], at location: SourceLocation = #_sourceLocation
    ) throws -> Command.Outcome {
        let outcome = try runReg(arguments)
        let line = words(arguments)
        try #require(
            outcome.code == 0, "\(line): \(outcome.ending)\n\(outcome.errorText)", sourceLocation: location)
        #expect(!errorLines(outcome).contains { $0.hasPrefix("error:") }, "\(line)", sourceLocation: location)
        return outcome
    }

    /// The document that a command prints with `--json`; it must succeed, and the document be as promised.
    @discardableResult func json(
        _ arguments: String..., at location: SourceLocation = #_sourceLocation
    ) throws -> JSON {
        try json(arguments.map { Array($0.utf8) }, at: location)
    }

    @discardableResult func json(
        _ arguments: [[UInt8]], at location: SourceLocation = #_sourceLocation
    ) throws -> JSON {
        let outcome = try reg(withJSON(arguments), at: location)
        let document = try #require(
            try? JSON.parse(outcome.output), "\(words(arguments)): no JSON: \(outcome.text)",
            sourceLocation: location)
        let kind = Promise(command: arguments.map { String(decoding: $0, as: UTF8.self) })
        #expect(try kind.faults(in: document) == [], "\(document.pretty)", sourceLocation: location)
        return document
    }

    /// Runs reg twice, without and with `--json`; both must fail with that exit code and say so once.
    ///
    /// For commands that change nothing when they fail.
    /// - Returns: the message and the hint, a line each.
    @discardableResult func fails(
        _ code: Int32, _ arguments: String..., at location: SourceLocation = #_sourceLocation
    ) throws -> String {
        try fails(code, arguments.map { Array($0.utf8) }, at: location)
    }

    @discardableResult func fails(
        _ code: Int32, _ arguments: [[UInt8]], at location: SourceLocation = #_sourceLocation
    ) throws -> String {
        let plain = try runReg(arguments)
        let line = words(arguments)
        #expect(plain.code == code, "\(line): \(plain.ending)\n\(plain.errorText)", sourceLocation: location)
        let count = errorLines(plain).count { $0.hasPrefix("error:") }
        #expect(count == 1, "\(line): \(plain.errorText)", sourceLocation: location)
        #expect(!plain.errors.contains(0x1b), "\(line): an escape character", sourceLocation: location)
        return try failsAsDocument(code, arguments, at: location)
    }

    private func failsAsDocument(
        _ code: Int32, _ arguments: [[UInt8]], at location: SourceLocation
    ) throws -> String {
        let outcome = try runReg(withJSON(arguments))
        let line = words(arguments)
        #expect(outcome.code == code, "\(line) --json: \(outcome.ending)", sourceLocation: location)
        let lines = errorLines(outcome)
        let documents = lines.compactMap { try? JSON.parse(Array($0.utf8)) }
        let isLast = lines.last.map { (try? JSON.parse(Array($0.utf8))) != nil } ?? false
        let error = documents.first?["error"]
        #expect(
            documents.count == 1 && isLast && !lines.contains { $0.hasPrefix("error:") },
            "\(line) --json: not one object at the end: \(outcome.errorText)", sourceLocation: location)
        #expect(
            error?["code"]?.integerValue == Int64(code), "\(line) --json: \(outcome.errorText)",
            sourceLocation: location)
        #expect(
            try documents.flatMap { try Schema("error").faults(in: $0) } == [], sourceLocation: location)
        return (error?["message"]?.stringValue ?? "") + "\n" + (error?["hint"]?.stringValue ?? "")
    }

    /// What `reg status --json` says of one artifact.
    func status(of name: String, at location: SourceLocation = #_sourceLocation) throws -> JSON {
        try #require(
            try json("status", at: location).member("artifacts", named: name), sourceLocation: location)
    }
}

/// The arguments with `--json`, before the words of a command to run.
private func withJSON(_ arguments: [[UInt8]]) -> [[UInt8]] {
    let options = arguments.prefix { $0 != Array("--".utf8) }
    return options + [Array("--json".utf8)] + arguments[options.endIndex...]
}

private func words(_ arguments: [[UInt8]]) -> String {
    "reg " + arguments.map { printable(BytePath($0)) }.joined(separator: " ")
}

private func errorLines(_ outcome: Command.Outcome) -> [String] {
    outcome.errors.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
}

extension JSON {
    /// The element of the array `key` that has that name.
    func member(_ key: String, named name: String) -> JSON? {
        self[key]?.arrayValue?.first { $0["name"]?.stringValue == name }
    }

    func text(_ key: String) -> String? { self[key]?.stringValue }

    func count(_ key: String) -> Int64? { self[key]?.integerValue }

    func flag(_ key: String) -> Bool? { self[key]?.boolValue }

    func list(_ key: String) -> [JSON] { self[key]?.arrayValue ?? [] }

    func texts(_ key: String) -> [String] { list(key).compactMap(\.stringValue) }
}
