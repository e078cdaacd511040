import Attention
import Dispatch

/// A tensor of a synthetic layer, `[heads, positions, channels]`, made row by row on several threads.
struct SyntheticTensor {
  /// Writes one row, given a head and its position's rotation.
  typealias Row = (Int, Rotation, UnsafeMutableBufferPointer<Float>) -> Void

  let elementType: ElementType
  let heads: Int
  let positions: [Int]
  let channels: Int

  /// Positions that one thread makes at a time.
  private static let span = 512

  /// - Returns: nil where this machine cannot hold the tensor.
  func filled(threads: Int, rotation: (Int) -> Rotation, _ row: Row) -> Tensor? {
    Tensor(elementType: elementType, shape: [heads, positions.count, channels]) { bytes in
      // Each span of positions is written by one thread alone, which is all that the closures share.
      nonisolated(unsafe) let (bytes, rotation, row) = (bytes, rotation, row)
      let spans = (positions.count + Self.span - 1) / Self.span
      let workers = max(1, min(threads, spans))
      DispatchQueue.concurrentPerform(iterations: workers) { worker in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: channels) { scratch in
          scratch.initialize(repeating: 0)
          for span in stride(from: worker, to: spans, by: workers) {
            for index in span * Self.span..<min((span + 1) * Self.span, positions.count) {
              let turned = rotation(positions[index])
              for head in 0..<heads {
                row(head, turned, scratch)
                store(scratch, row: head * positions.count + index, in: bytes)
              }
            }
          }
        }
      }
    }
  }

  private func store(
    _ values: UnsafeMutableBufferPointer<Float>, row: Int, in bytes: UnsafeMutableRawBufferPointer
  ) {
    let size = channels * elementType.byteCount
    let stored = UnsafeMutableRawBufferPointer(rebasing: bytes[row * size..<(row + 1) * size])
    switch elementType {
    case .f16: stored.store(values.lazy.map { HalfPrecision.f16($0).littleEndian })
    case .bf16: stored.store(values.lazy.map { HalfPrecision.bf16($0).littleEndian })
    case .f32: stored.store(values.lazy.map { $0.bitPattern.littleEndian })
    }
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Stores the values one behind the other from the first byte on.
  func store<Bits: FixedWidthInteger>(_ values: some Sequence<Bits>) {
    var offset = 0
    for value in values {
      storeBytes(of: value, toByteOffset: offset, as: Bits.self)
      offset += MemoryLayout<Bits>.size
    }
  }
}
