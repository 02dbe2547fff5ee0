// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// The URL of a service that hands out credentials, or takes secrets.
struct ServiceURL: Equatable {
    let endpoint: Endpoint
    /// The path and what follows it, encoded; empty or with a slash in front.
    let target: String

    /// Nil where it is no URL that can be taken apart in one way only.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"\\#\"<>@".utf8.contains($0) }) else {
            return nil
        }
        let parts = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1].isEmpty, let endpoint = Endpoint("\(parts[0])//\(parts[2])") else {
            return nil
        }
        self.endpoint = endpoint
        target = parts.count == 4 ? "/\(parts[3])" : ""
    }

    var text: String { endpoint.text + target }

    /// Whether nobody but this machine and those it runs on can listen.
    ///
    /// `isOpen`: also where a machine's own services are, which no network carries further.
    func isPrivate(andLinkLocal isOpen: Bool = false) -> Bool {
        if endpoint.isSecure || endpoint.isLoopback { return true }
        let services = [
            "169.254.170.2", "169.254.170.23", "169.254.169.254", "[fd00:ec2::23]", "[fd00:ec2::254]",
        ]
        return isOpen && services.contains { endpoint.host == $0 || endpoint.host.hasPrefix("\($0):") }
    }
}
