// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHTTP
internal import RegProcess

/// The service that gives a container the credentials of its role (ECS, EKS Pod Identity).
struct ContainerProvider: CredentialProvider {
    let environment: ProcessEnvironment
    let client: MetadataClient

    func find() throws(CredentialError) -> Finding {
        guard let url = try url() else {
            return .nothing("container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and …_FULL_URI are not set")
        }
        let place = "container (\(printable(url.endpoint.text)))"
        let headers = try authorization().map { [("Authorization", $0)] } ?? []
        do throws(CredentialError) {
            let answer = try client.send(
                .get, url.text, headers: headers, tries: 3, limit: MetadataClient.budget,
                until: .now + MetadataClient.budget)
            guard answer.status == 200 else {
                throw CredentialError("it answers with status \(answer.status)")
            }
            return .credentials(try CredentialDocument(answer.body, "the answer").ofService())
        } catch {
            throw CredentialError("\(place): \(error.message)")
        }
    }

    private func url() throws(CredentialError) -> ServiceURL? {
        if let path = environment.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard path.hasPrefix("/"), let url = ServiceURL("http://169.254.170.2\(path)") else {
                throw CredentialError("container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path")
            }
            return url
        }
        guard let text = environment.text("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
        guard let url = ServiceURL(text), url.isPrivate(andLinkLocal: true) else {
            throw CredentialError(
                "container: AWS_CONTAINER_CREDENTIALS_FULL_URI is no https URL, nor one of this machine or its services"
            )
        }
        return url
    }

    /// What goes into the header, read anew each time since the file's content changes.
    private func authorization() throws(CredentialError) -> String? {
        guard let file = environment.value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return environment.text("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        }
        return try readToken(BytePath(file), "container: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    }
}

/// The token in a file, without the end of its line.
func readToken(_ path: BytePath, _ place: String) throws(CredentialError) -> String {
    var bytes: [UInt8]
    do throws(FileError) { bytes = try readUserFile(path, limit: 64 << 10) } catch {
        throw CredentialError("\(place): \(error.message)")
    }
    while let last = bytes.last, last == 0x0a || last == 0x0d || last == 0x20 { bytes.removeLast() }
    guard !bytes.isEmpty, bytes.allSatisfy({ (0x20...0x7e).contains($0) }) else {
        throw CredentialError("\(place): \(printable(path)) holds no token")
    }
    return String(decoding: bytes, as: UTF8.self)
}
