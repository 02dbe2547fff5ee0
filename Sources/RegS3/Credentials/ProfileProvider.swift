// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegProcess

/// The user's profile in the files of the AWS tools.
struct ProfileProvider: CredentialProvider {
    let environment: ProcessEnvironment

    func find() throws(CredentialError) -> Finding {
        let files = AWSFiles.read(environment)
        let named = AWSConfiguration.profileName(environment)
        let name = named ?? "default"
        guard let profile = files.profile(name) else {
            if named != nil { throw CredentialError("AWS_PROFILE: \(files.missing(name))") }
            return .nothing(files.missing(name))
        }
        if let found = try credentials(of: profile, place(name)) { return .credentials(found) }
        let message = "\(place(name)) of \(files.config.name) or \(files.credentials.name) has no credentials"
        if named != nil { throw CredentialError(message) }
        return .nothing(message)
    }

    private func place(_ name: String) -> String { "profile '\(printable(name))'" }

    /// What a profile says; nil where it says nothing of credentials.
    private func credentials(
        of profile: INIFile.Section, _ place: String
    ) throws(CredentialError) -> Credentials? {
        if let found = try staticCredentials(of: profile, place) { return found }
        if let command = profile["credential_process"] {
            return try CredentialProcess(command: command, place: place, environment: environment).run()
        }
        guard profile["sso_session"] == nil, profile["sso_start_url"] == nil else {
            throw CredentialError(
                "\(place): reg does not sign in by single sign-on (sso_…)",
                hint:
                    "give the profile `credential_process = aws configure export-credentials --profile NAME`, "
                    + "or run `eval \"$(aws configure export-credentials --format env)\"`")
        }
        return nil
    }

    private func staticCredentials(
        of profile: INIFile.Section, _ place: String
    ) throws(CredentialError) -> Credentials? {
        switch (profile["aws_access_key_id"], profile["aws_secret_access_key"]) {
        case (nil, nil): return nil
        case (let key?, let secret?):
            return try .checked(
                place, accessKey: key, secretKey: secret, sessionToken: profile["aws_session_token"])
        case (_?, nil):
            throw CredentialError("\(place): aws_access_key_id is there, but aws_secret_access_key is not")
        case (nil, _?):
            throw CredentialError("\(place): aws_secret_access_key is there, but aws_access_key_id is not")
        }
    }
}
