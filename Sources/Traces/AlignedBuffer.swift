import Attention

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Memory that is freed with the object; 64-byte aligned, so that a SIMD load never splits a cache line, and in huge pages
/// where it is large: a layer's tensors may be hundreds of mebibytes.
final class AlignedBuffer: @unchecked Sendable {
  // Unchecked: a buffer is written only by its maker, before others can see it.
  let bytes: UnsafeMutableRawBufferPointer

  /// - Returns: nil where the system has no `count` bytes.
  init?(count: Int) {
    var memory: UnsafeMutableRawPointer?
    let isLarge = count >= HugePages.byteCount
    let alignment = isLarge ? HugePages.byteCount : 64
    guard count >= 0, posix_memalign(&memory, alignment, Swift.max(count, 64)) == 0, let memory else {
      return nil
    }
    if isLarge { HugePages.advise(memory, byteCount: count) }
    bytes = UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  deinit { free(bytes.baseAddress) }
}

extension AlignedBuffer {
  /// A buffer for `count` bytes of a trace.
  ///
  /// - Throws: `TraceError` of kind `tooLarge` above `limit`: the size comes from a file, and asking the
  ///   system for more than there is may end the process rather than fail.
  static func allocate(_ count: Int, file: String, part: String) throws -> AlignedBuffer {
    try checkSize(count, file: file, part: part)
    if let buffer = AlignedBuffer(count: count) { return buffer }
    throw tooLarge(count, file: file, part: part)
  }

  /// - Throws: as `allocate` does, without allocating.
  static func checkSize(_ count: Int, file: String, part: String) throws {
    if count > limit { throw tooLarge(count, file: file, part: part) }
  }

  /// Half of this machine's memory, in bytes: whoever reads a layer needs some to work with it too.
  static let limit = MemoryBudget.physical / 2

  private static func tooLarge(_ count: Int, file: String, part: String) -> TraceError {
    TraceError(
      .tooLarge, file: file, part: part,
      expected: "at most \(limit) bytes, half of this machine's memory",
      found: "\(count) bytes", advice: "use a machine with more memory or capture fewer tokens")
  }
}
