// SPDX-License-Identifier: Apache-2.0

extension ObjectStore {
    /// `count` bytes from `offset` on, in memory of their own.
    package func read(_ key: ObjectKey, at offset: UInt64, count: Int) throws(StoreError) -> [UInt8] {
        var failure: StoreError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(StoreError) {
                try read(
                    key, at: offset,
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
                filled = count
            } catch {
                failure = error
                filled = 0
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
