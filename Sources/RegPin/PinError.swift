// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegLock

/// Why something is no pin.
package enum PinError: Error, Equatable {
    /// `reg_pin` has another version than 1, its text.
    case unknownVersion(String)
    /// The id does not belong to what stands beside it.
    case altered
    /// What is missing, or not of its form.
    case malformed(String)
    case tooLarge
    case tooManyArtifacts
    /// git keeps the files of an artifact, and nobody has summed them up.
    case withoutDigest(ArtifactName)
    case variableName(String)
    case image(String)
    case seed

    package var message: String {
        switch self {
        case .unknownVersion(let text): "it is a pin of version \(printable(text)), this reg knows 1"
        case .altered: "the pin was altered: its id belongs to other content"
        case .malformed(let reason): reason
        case .tooLarge: "a pin has at most \(Pin.byteLimit) bytes"
        case .tooManyArtifacts: "a pin has at most \(Pin.artifactLimit) artifacts"
        case .withoutDigest(let name): "\(name) has no digest"
        case .variableName(let name): "'\(printable(name))' is no name of an environment variable"
        case .image(let text): "'\(printable(text))' is no image by digest: NAME@sha256:<64 hex digits>"
        case .seed: "a seed is below 2^53"
        }
    }
}
