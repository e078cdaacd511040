#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Pages of 2 MiB, where the system has them: in pages of 4 KiB, faulting in tens of mebibytes costs as much as a pass over them, and
/// reading rows here and there misses the address cache at every one.
package enum HugePages {
  /// Bytes of one, and what memory must be aligned to to lie in them.
  package static let byteCount = 2 << 20

  /// A hint: without it the pages are small and the memory the same.
  package static func advise(_ start: UnsafeMutableRawPointer, byteCount: Int) {
    #if os(Linux)
      _ = madvise(start, byteCount, MADV_HUGEPAGE)
    #endif
  }
}
