// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc

extension Descriptor {
    /// Makes this file share the bytes of `source`, which then take no room of their own; false where the file system
    /// has no such thing, or the two are on different ones.
    package func share(_ source: Descriptor) throws(FileError) -> Bool {
        if retrying({ reg_clone(raw, source.raw) }) == 0 { return true }
        if [EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV, EINVAL, EPERM].contains(errno) { return false }
        throw .last("copy to", path)
    }

    /// Writes the bytes of `source` here, both from where they stand, `byteCount` of them or as many as there are.
    ///
    /// - Returns: how many.
    package func copyBytes(of source: Descriptor, byteCount: UInt64) throws(FileError) -> UInt64 {
        var copied: UInt64 = 0
        while copied < byteCount {
            let count = retrying { reg_copy_range(source.raw, raw, byteCount - copied) }
            if count == 0 { return copied }
            if count < 0 {
                // Between file systems, and on some of them, the kernel does not copy.
                guard [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EPERM].contains(errno) else {
                    throw .last("copy to", path)
                }
                return copied + (try copyThroughMemory(source, byteCount: byteCount - copied))
            }
            copied += UInt64(count)
        }
        return copied
    }

    private func copyThroughMemory(
        _ source: Descriptor, byteCount: UInt64
    ) throws(FileError) -> UInt64 {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { block.deallocate() }
        var copied: UInt64 = 0
        while copied < byteCount {
            let wanted = Int(min(UInt64(block.count), byteCount - copied))
            let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: block[..<wanted]))
            if count == 0 { break }
            try write(UnsafeRawBufferPointer(rebasing: block[..<count]))
            copied += UInt64(count)
        }
        return copied
    }
}
