// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegProcess

/// The user's profile in the files of the AWS tools.
struct ProfileProvider: CredentialProvider {
    let environment: ProcessEnvironment
    let tokens: TokenService
    let metadata: MetadataClient

    func find() throws(CredentialError) -> Finding {
        let files = AWSFiles.read(environment)
        let named = AWSConfiguration.profileName(environment)
        let name = named ?? "default"
        guard files.profile(name) != nil else {
            if named != nil { throw CredentialError("AWS_PROFILE: \(files.missing(name))") }
            return .nothing(files.missing(name))
        }
        if let found = try credentials(of: name, in: files, after: []) { return .credentials(found) }
        let message =
            "profile '\(printable(name))' of \(files.config.name) and \(files.credentials.name) has no credentials"
        if named != nil { throw CredentialError(message) }
        return .nothing(message)
    }

    /// What a profile says; nil where it says nothing of credentials.
    ///
    /// `path`: the profiles whose source this one is.
    private func credentials(
        of name: String, in files: AWSFiles, after path: [String]
    ) throws(CredentialError) -> Credentials? {
        let place = "profile '\(printable(name))'"
        guard let profile = files.profile(name) else { throw CredentialError(files.missing(name)) }
        // A role whose source is the same profile is taken on with the keys beside it.
        if profile["role_arn"] != nil, path.last != name {
            return try roleCredentials(of: profile, named: name, in: files, after: path + [name])
        }
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

extension ProfileProvider {
    /// The credentials of the profile's role, taken on with those of its source.
    fileprivate func roleCredentials(
        of profile: INIFile.Section, named name: String, in files: AWSFiles, after path: [String]
    ) throws(CredentialError) -> Credentials {
        let place = "profile '\(printable(name))'"
        guard profile["mfa_serial"] == nil else {
            throw CredentialError(
                "\(place): reg does not ask for the code of a device (mfa_serial)",
                hint: "run `eval \"$(aws configure export-credentials --format env)\"` before")
        }
        let role = TokenService.Role(
            arn: profile["role_arn"] ?? "", sessionName: profile["role_session_name"],
            externalID: profile["external_id"], duration: profile["duration_seconds"])
        do throws(CredentialError) {
            if let source = profile["source_profile"] {
                return try tokens.credentials(of: role, for: try self.source(source, in: files, after: path))
            }
            if let source = profile["credential_source"] {
                return try tokens.credentials(of: role, for: try credentials(from: source))
            }
            guard let file = profile["web_identity_token_file"] else {
                throw CredentialError(
                    "role_arn needs source_profile, credential_source or web_identity_token_file")
            }
            let path = environment.expandingHome(BytePath(file)) ?? BytePath(file)
            let token = try readToken(path, "web_identity_token_file")
            return try tokens.credentials(of: role, webIdentity: token)
        } catch {
            throw CredentialError("\(place): \(error.message)", hint: error.hint)
        }
    }

    private func source(
        _ name: String, in files: AWSFiles, after path: [String]
    ) throws(CredentialError) -> Credentials {
        guard !path.dropLast().contains(name), path.count <= 8 else {
            throw CredentialError("source_profile goes round in a circle, or too far")
        }
        guard let found = try credentials(of: name, in: files, after: path) else {
            throw CredentialError("source_profile '\(printable(name))' has no credentials")
        }
        return found
    }

    private func credentials(from source: String) throws(CredentialError) -> Credentials {
        let provider: any CredentialProvider
        switch source.lowercased() {
        case "environment": provider = EnvironmentProvider(environment: environment)
        case "ecscontainer": provider = ContainerProvider(environment: environment, client: metadata)
        case "ec2instancemetadata": provider = InstanceProvider(environment: environment, client: metadata)
        default:
            throw CredentialError(
                "credential_source is none of Environment, EcsContainer, Ec2InstanceMetadata")
        }
        switch try provider.find() {
        case .credentials(let found): return found
        case .nothing(let note): throw CredentialError("credential_source: \(note)")
        }
    }
}
