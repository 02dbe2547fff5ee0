// SPDX-License-Identifier: Apache-2.0
internal import RegProcess

/// `AWS_ACCESS_KEY_ID` and what belongs to it.
struct EnvironmentProvider: CredentialProvider {
    let environment: ProcessEnvironment

    func find() throws(CredentialError) -> Finding {
        let secret = environment.text("AWS_SECRET_ACCESS_KEY")
        guard let key = environment.text("AWS_ACCESS_KEY_ID") else {
            return .nothing(
                secret == nil
                    ? "environment: AWS_ACCESS_KEY_ID is not set"
                    : "environment: AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not")
        }
        guard let secret else {
            throw CredentialError(
                "environment: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not",
                hint: "set both, or neither")
        }
        return .credentials(
            try .checked(
                "environment", accessKey: key, secretKey: secret,
                sessionToken: environment.text("AWS_SESSION_TOKEN")))
    }
}
