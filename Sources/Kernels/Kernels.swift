import Attention
import CKernels

/// The kernels of one instruction set.
///
///     let kernels = try Kernels(.best)
///     let keys = try kernels.packKeys(rows, element: .f16, tokens: 4096, channels: 64)
///
/// Exact kernels give the same bits under every instruction set; decode kernels are timed only.
public struct Kernels: Sendable {
  /// Channels a head may have: what the packing kernels hold on their stack.
  public static let maximumChannels = 1024

  public let instructionSet: InstructionSet
  let table: fs_kernels

  /// - Throws: ``UnavailableInstructionSet`` where this processor cannot run it.
  public init(_ set: InstructionSet = .best) throws {
    guard let found = fs_kernels_named(set.rawValue) else { throw UnavailableInstructionSet(asked: set) }
    instructionSet = set
    table = found.pointee
  }

  /// Widens stored elements to 32-bit floats; exact.
  public func widen(
    _ bytes: UnsafeRawBufferPointer, element: ElementType, into out: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(bytes.count >= out.count * element.byteCount, "fewer bytes than elements to widen")
    guard let source = bytes.baseAddress, let target = out.baseAddress else { return }
    table.widen(source, element.code, out.count, target)
  }

  /// The largest of `values`, or minus infinity of none.
  public func maximum(_ values: UnsafeBufferPointer<Float>) -> Float {
    guard let start = values.baseAddress, values.count > 0 else { return -.infinity }
    return table.maximum(start, values.count)
  }

  /// Of each column of `values`, `[rows][stride]`, the largest value and the number of its row.
  ///
  /// - Parameters:
  ///   - first: the number of the first row; numbers lie below 2²⁴.
  ///   - largest: of each column what was largest before, which stays, as its number does, where no row has more.
  ///   - numbers: as long as `largest`; of equal rows the lower one's.
  public func keepLargest(
    _ values: UnsafePointer<Float>, stride: Int, rows: Int, first: Int,
    largest: UnsafeMutableBufferPointer<Float>, numbers: UnsafeMutablePointer<Float>
  ) {
    precondition(stride >= largest.count && first >= 0 && first + rows <= 1 << 24)
    guard let start = largest.baseAddress else { return }
    table.keep_largest(values, stride, rows, largest.count, first, start, numbers)
  }

  /// `out[i] = exp((values[i] - offset) * scale)`; `offset` is at least every value.
  public func exponentials(
    _ values: UnsafeBufferPointer<Float>, offset: Float, scale: Float, into out: UnsafeMutablePointer<Float>
  ) {
    guard let start = values.baseAddress else { return }
    table.exponentials(start, values.count, offset, scale, out)
  }

  /// `out[i] = cap * tanh(values[i] * scale / cap)`: Gemma 2's soft cap on logits.
  public func softcap(
    _ values: UnsafeBufferPointer<Float>, scale: Float, cap: Float, into out: UnsafeMutablePointer<Float>
  ) {
    guard let start = values.baseAddress else { return }
    table.softcap(start, values.count, scale, cap, out)
  }
}
