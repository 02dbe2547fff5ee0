// SPDX-License-Identifier: Apache-2.0

/// What an artifact is to the people who use it; it is no part of its digest.
package enum ArtifactType: String, CaseIterable, Sendable {
    case dataset
    case annotations
    case config
    case weights
    case metrics
    case other
}
