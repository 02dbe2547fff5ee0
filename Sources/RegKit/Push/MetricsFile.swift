// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegFiles
package import RegMetrics

/// Reads a file of metrics; `each` is called for every value that is in it.
///
/// Memory is bounded by its longest line.
/// - Throws: `notFound` where it is not there, `usage` where it has no metrics.
package func readMetrics(
    _ path: BytePath, each: (MetricsReader.Sample) throws -> Void = { _ in }
) throws -> Metrics {
    func failure(_ what: String) -> RegError { RegError(.usage, "\(printable(path)): \(what)") }
    guard let resolved = resolvingSymlinks(path) else {
        throw RegError(.notFound, "\(printable(path)) does not exist")
    }
    let file = try Descriptor.open(resolved, .read)
    guard try file.status().kind == .file else { throw failure("it is no file") }
    var reader = MetricsReader()
    var block = [UInt8](repeating: 0, count: 256 << 10)
    do {
        while true {
            let count = try block.withUnsafeMutableBytes { try file.read(into: $0) }
            if count == 0 { break }
            try reader.add(block[..<count], each: each)
        }
        try reader.finish(each: each)
    } catch let error as MetricsError { throw failure(error.message) }
    if reader.metrics.isEmpty { throw failure("it has no metrics") }
    return reader.metrics
}
