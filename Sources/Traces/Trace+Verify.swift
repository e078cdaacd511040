import Foundation

extension Trace {
  /// Reads everything once: every frame, every checksum, every value of the layers finite.
  ///
  /// A bare safetensors file has no checksums: damage there shows only where a value is no longer finite.
  ///
  /// - Parameters:
  ///   - threads: how many threads may decompress; the `zstd` container uses one.
  ///   - progress: called with the share that is done, from 0 to 1 and ascending; from the reading threads,
  ///     but never from two at once.
  /// - Throws: `TraceError`.
  public func verify(threads: Int = 1, progress: (@Sendable (Double) -> Void)? = nil) throws {
    let pieces = tensors.flatMap { tensor in source.pieces(of: tensor).map { (tensor: tensor, range: $0) } }
    let total = pieces.reduce(0) { $0 + $1.range.count }
    let largest = pieces.reduce(0) { max($0, $1.range.count) }
    let report = VerifyProgress(total: total, report: progress)
    try PieceQueue.run(pieces, threads: source.isParallel ? threads : 1) {
      (
        reader: try source.makeReader(),
        buffer: try AlignedBuffer.allocate(largest, file: path, part: "verification")
      )
    } work: { state, piece in
      let buffer = UnsafeMutableRawBufferPointer(rebasing: state.buffer.bytes[..<piece.range.count])
      try state.reader.read(piece.range, into: buffer)
      try checkFinite(UnsafeRawBufferPointer(buffer), from: piece.range.lowerBound, in: piece.tensor)
      report.add(piece.range.count)
    }
    try source.checkEnd()
    try file.checkUnchanged()
  }
}

/// Adds up what several threads have read.
private final class VerifyProgress: @unchecked Sendable {
  // Unchecked: everything that changes is used under the lock only.
  private let lock = NSLock()
  private let total: Int
  private let report: (@Sendable (Double) -> Void)?
  private var done = 0

  init(total: Int, report: (@Sendable (Double) -> Void)?) {
    self.total = total
    self.report = report
  }

  func add(_ count: Int) {
    lock.withLock {
      done += count
      report?(Double(done) / Double(total))
    }
  }
}
