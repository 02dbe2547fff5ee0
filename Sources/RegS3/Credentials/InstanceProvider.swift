// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHTTP
internal import RegProcess

/// The metadata service of a machine in EC2, by its second version: a token first, since without one every program
/// that can be made to fetch a URL gets the credentials.
struct InstanceProvider: CredentialProvider {
    let environment: ProcessEnvironment
    let client: MetadataClient

    private static let directory = "/latest/meta-data/iam/security-credentials/"

    func find() throws(CredentialError) -> Finding {
        if environment.isTrue("AWS_EC2_METADATA_DISABLED") {
            return .nothing("instance metadata: AWS_EC2_METADATA_DISABLED is set")
        }
        let isIPv6 = environment.text("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
        let text =
            environment.text("AWS_EC2_METADATA_SERVICE_ENDPOINT")
            ?? (isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254")
        guard let url = ServiceURL(text), url.isPrivate(andLinkLocal: true) else {
            throw CredentialError(
                "instance metadata: AWS_EC2_METADATA_SERVICE_ENDPOINT is no https URL, nor one of this machine or its services"
            )
        }
        do throws(CredentialError) {
            return .credentials(try credentials(from: url.endpoint.text, until: .now + MetadataClient.budget))
        } catch {
            return .nothing("instance metadata (\(printable(url.endpoint.text))): \(error.message)")
        }
    }

    private func credentials(
        from base: String, until deadline: ContinuousClock.Instant
    ) throws(CredentialError) -> Credentials {
        var token = try token(from: base, until: deadline)
        var list = try get(base, token, "", until: deadline)
        if list.status == 401 {
            token = try self.token(from: base, until: deadline)
            list = try get(base, token, "", until: deadline)
        }
        if list.status == 404 { throw CredentialError("the instance has no role") }
        guard list.status == 200 else { throw CredentialError("it answers with status \(list.status)") }
        guard let role = list.body.split(separator: 0x0a).first.map({ Array($0) }), role.count <= 256 else {
            throw CredentialError("it names no role")
        }
        let answer = try get(base, token, percentEncoded(role), until: deadline)
        guard answer.status == 200 else { throw CredentialError("it answers with status \(answer.status)") }
        return try CredentialDocument(answer.body, "the answer").ofService()
    }

    private func token(from base: String, until deadline: ContinuousClock.Instant) throws(CredentialError)
        -> String
    {
        let answer: MetadataClient.Answer
        do throws(CredentialError) {
            answer = try client.send(
                .put, base + "/latest/api/token",
                headers: [("X-aws-ec2-metadata-token-ttl-seconds", "21600")],
                tries: 2, limit: .seconds(1), until: deadline)
        } catch {
            throw CredentialError("\(error.message) (in a container the instance's hop limit must be 2)")
        }
        guard answer.status == 200 else {
            throw CredentialError(
                "it gives no token (status \(answer.status)), and reg does not ask without one")
        }
        guard !answer.body.isEmpty, answer.body.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw CredentialError("its token is none")
        }
        return String(decoding: answer.body, as: UTF8.self)
    }

    private func get(
        _ base: String, _ token: String, _ name: String, until deadline: ContinuousClock.Instant
    ) throws(CredentialError) -> MetadataClient.Answer {
        try client.send(
            .get, base + InstanceProvider.directory + name, headers: [("X-aws-ec2-metadata-token", token)],
            tries: 2,
            limit: .seconds(1), until: deadline)
    }
}
