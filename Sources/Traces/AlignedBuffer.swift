#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Memory that is freed with the object; 64-byte aligned, so that a SIMD load never splits a cache line.
final class AlignedBuffer: @unchecked Sendable {
  // Unchecked: a buffer is written only by its maker, before others can see it.
  let bytes: UnsafeMutableRawBufferPointer

  /// - Returns: nil where the system has no `count` bytes.
  init?(count: Int) {
    var memory: UnsafeMutableRawPointer?
    guard count >= 0, posix_memalign(&memory, 64, Swift.max(count, 64)) == 0, let memory else { return nil }
    bytes = UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  deinit { free(bytes.baseAddress) }
}

extension AlignedBuffer {
  /// A buffer for `count` bytes of a trace.
  ///
  /// - Throws: `TraceError` of kind `tooLarge` where the machine cannot hold them: the size comes from a
  ///   file, and asking the system for more than there is may end the process rather than fail.
  static func allocate(_ count: Int, file: String, part: String) throws -> AlignedBuffer {
    if count <= physicalMemory, let buffer = AlignedBuffer(count: count) { return buffer }
    throw TraceError(
      .tooLarge, file: file, part: part, expected: "at most this machine's \(physicalMemory) bytes of memory",
      found: "\(count) bytes", advice: "use a machine with more memory or capture fewer tokens")
  }

  static let physicalMemory: Int = {
    let (bytes, overflow) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(
      by: sysconf(Int32(_SC_PAGESIZE)))
    return overflow || bytes <= 0 ? Int.max : bytes
  }()
}
