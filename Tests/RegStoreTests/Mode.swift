// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import Testing

/// The permission bits of the file at `path`.
func mode(_ path: BytePath) throws -> mode_t {
    var raw = stat()
    try #require(stat(path.lossy, &raw) == 0)
    return raw.st_mode & 0o7777
}
