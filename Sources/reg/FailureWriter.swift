// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJSON
internal import RegKit

/// Says on standard error what went wrong: in words, or with `--json` as one object on one line.
struct FailureWriter {
    let isJSON: Bool

    /// The form that `arguments` ask for, also where they cannot be parsed.
    init(arguments: [String]) { isJSON = arguments.prefix { $0 != "--" }.contains("--json") }

    func write(_ error: RegError) { writeToStandardError(text(error)) }

    /// What is written of `error`, to the last newline; `code` where the exit code is not that of its kind.
    func text(_ error: RegError, code: Int32? = nil) -> String {
        if isJSON { return errorDocument(error, code: code).compact + "\n" }
        let style = TextStyle.ofStandardError
        let hint = error.hint.map { style.paint("hint:", .bold) + " " + $0 + "\n" } ?? ""
        return style.paint("error:", .bad) + " " + error.message + "\n" + hint
    }
}

/// The document that describes a failure (`schema/json/error.json`).
func errorDocument(_ error: RegError, code: Int32? = nil) -> JSON {
    [
        "error": [
            "code": .integer(Int64(code ?? error.kind.exitCode)), "kind": .string(error.kind.rawValue),
            "message": .string(error.message), "hint": .text(error.hint),
        ]
    ]
}

extension RegError {
    /// The next step after a mistake of ours.
    static let reportHint = "this is a mistake in reg, please report it"

    /// An error that no layer below turned into one for people: a mistake of ours.
    static func unforeseen(_ error: any Error) -> RegError {
        RegError(
            .internalError, "internal error: \(printable(String(describing: error)))",
            hint: reportHint)
    }
}
