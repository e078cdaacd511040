#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Memory that is freed with the object; 64-byte aligned, so that a SIMD load never splits a cache line, and in huge pages
/// where the system has them: a layer's tensors may be hundreds of mebibytes, and each page is a fault.
final class AlignedBuffer: @unchecked Sendable {
  // Unchecked: a buffer is written only by its maker, before others can see it.
  let bytes: UnsafeMutableRawBufferPointer

  private static let hugePage = 2 << 20

  /// - Returns: nil where the system has no `count` bytes.
  init?(count: Int) {
    var memory: UnsafeMutableRawPointer?
    let alignment = count >= Self.hugePage ? Self.hugePage : 64
    guard count >= 0, posix_memalign(&memory, alignment, Swift.max(count, 64)) == 0, let memory else {
      return nil
    }
    #if os(Linux)
      // A hint: without it the pages are small and the memory the same.
      if count >= Self.hugePage { _ = madvise(memory, count, MADV_HUGEPAGE) }
    #endif
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
