// SPDX-License-Identifier: Apache-2.0
internal import RegS3

/// `~/.aws/config` and `~/.aws/credentials`, and the command lines in them.
enum AWSConfigTarget: FuzzTarget {
    static let name = "awsconfig"

    static func run(_ input: [UInt8]) {
        let file = INIFile(input)
        claim(INIFile(Array(written(file).utf8)) == file, "what was read and written reads the same")
        for section in file.sections.values {
            for value in section.values.values {
                guard let words = commandWords(value) else { continue }
                claim(commandWords(quoted(words)) == words, "words that are quoted again are the same")
            }
        }
    }

    private static func written(_ file: INIFile) -> String {
        var text = ""
        for (title, section) in file.sections {
            text += "[\(title)]\n"
            for (key, value) in section.values {
                text +=
                    "\(key) = \(value.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  "))\n"
            }
        }
        return text
    }

    private static func quoted(_ words: [String]) -> String {
        // By bytes: a quote and the mark that follows it are one Character.
        let quoted = words.map { word in
            let bytes = word.utf8.flatMap { $0 == UInt8(ascii: "'") ? Array(#"'\''"#.utf8) : [$0] }
            return "'" + String(decoding: bytes, as: UTF8.self) + "'"
        }
        return quoted.joined(separator: " ")
    }

    static func seeds() -> [[UInt8]] {
        [
            "[default]\nregion = eu-west-1\naws_access_key_id=AK\n", "# note\n[profile a b]\n;x\nk : v\n\n",
            "[services lab]\ns3 =\n  endpoint_url = http://127.0.0.1:9000\n  addressing_style=path\nsts =\n\tx = y\n",
            "[default]\ncredential_process = \"/opt/a b\" --c 'd e' f\\ g \"h\\\"i\"\n  j\n",
            "[profile x]\r\nrole_arn = arn:aws:iam::1:role/r\r\nsource_profile=default\r\n",
            "\u{feff}[a]\nb=1\n[a]\nb=2\n",
        ].map { Array($0.utf8) }
    }
}
