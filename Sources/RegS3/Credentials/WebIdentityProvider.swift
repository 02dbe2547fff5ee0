// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegProcess

/// A role for whoever holds a token of an identity provider: pods of EKS, jobs of a CI service.
struct WebIdentityProvider: CredentialProvider {
    let environment: ProcessEnvironment
    let tokens: TokenService

    func find() throws(CredentialError) -> Finding {
        guard let file = environment.value("AWS_WEB_IDENTITY_TOKEN_FILE") else {
            return .nothing("web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set")
        }
        guard let arn = environment.text("AWS_ROLE_ARN") else {
            throw CredentialError("web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not")
        }
        let role = TokenService.Role(arn: arn, sessionName: environment.text("AWS_ROLE_SESSION_NAME"))
        do throws(CredentialError) {
            let token = try readToken(BytePath(file), "AWS_WEB_IDENTITY_TOKEN_FILE")
            return .credentials(try tokens.credentials(of: role, webIdentity: token))
        } catch {
            throw CredentialError("web identity: \(error.message)")
        }
    }
}
