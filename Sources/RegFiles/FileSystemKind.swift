// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc
package import RegBytes

/// What `statfs(2)` calls file systems whose bytes or locks other machines have a part in.
///
/// FUSE is among them: nobody knows what is behind it.
private let networkFileSystems: Set<UInt32> = [
    0x6969,  // NFS
    0x517b, 0xff53_4d42, 0xfe53_4d42,  // SMB, CIFS, SMB 2
    0x6573_5546,  // FUSE
    0x5346_414f, 0x6b41_4653,  // AFS: OpenAFS, the kernel's
    0x7375_7245,  // Coda
    0x00c3_6400,  // Ceph
    0x0bd0_0bd0,  // Lustre
    0x4750_4653,  // GPFS, Spectrum Scale
    0x1983_0326,  // BeeGFS
    0x0102_1997,  // 9p, also of virtual machines and WSL
    0x564c,  // NCP
    0x2003_0528,  // OrangeFS
    0xaad7_aaea,  // PanFS
    0x7461_636f, 0x0116_1970,  // OCFS2, GFS2
    0x786f_4256,  // shared folders of VirtualBox
]

/// Whether `path`, or where it would be made, lies on a network file system.
///
/// SQLite and `flock(2)` cannot be relied on there.
package func isOnNetworkFileSystem(_ path: BytePath) throws(FileError) -> Bool {
    let place = nearestThere(path)
    var type: UInt32 = 0
    guard place.withCString({ reg_file_system_type($0, &type) }) == 0 else {
        throw .last("examine", place)
    }
    return networkFileSystems.contains(type)
}

/// Whether this process may make files at `path`, or make it.
package func isWritable(_ path: BytePath) -> Bool {
    nearestThere(path).withCString { access($0, W_OK | X_OK) } == 0
}

/// `path`, or the nearest directory above it that exists.
private func nearestThere(_ path: BytePath) -> BytePath {
    var place = absolute(path)
    while !place.components.isEmpty, place.withCString({ access($0, F_OK) }) != 0, errno == ENOENT {
        place = place.parent.isEmpty ? BytePath("/") : place.parent
    }
    return place
}

/// Makes the directory at `path` for its user alone, unless something has the name; what is above it must be there.
package func makePrivateDirectory(_ path: BytePath) throws(FileError) {
    guard path.withCString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else {
        throw .last("make the directory", path)
    }
}

/// Whether only this process's user can reach into what lies at `path`; nil where there is nothing.
///
/// A symlink is nobody's directory.
package func isPrivateDirectory(_ path: BytePath) throws(FileError) -> Bool? {
    var raw = stat()
    if path.withCString({ lstat($0, &raw) }) != 0 {
        let error = FileError.last("examine", path)
        if error.isNotFound { return nil }
        throw error
    }
    return raw.st_mode & S_IFMT == S_IFDIR && raw.st_uid == geteuid() && raw.st_mode & 0o077 == 0
}

/// The number of the user that this process runs as.
package func userNumber() -> UInt32 { geteuid() }
