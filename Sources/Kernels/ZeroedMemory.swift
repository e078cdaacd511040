#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// 64-byte aligned zeros, in huge pages where the system has them.
///
/// A cache of keys is tens of mebibytes: in pages of 4 KiB, faulting it in costs as much as a pass over it, and
/// gathering its rows misses the address cache at every one.
final class ZeroedMemory {
  let start: UnsafeMutableRawPointer
  /// What the system gave, where it was asked for whole pages.
  private let mapping: (start: UnsafeMutableRawPointer, byteCount: Int)?

  private static let hugePage = 2 << 20

  init(byteCount: Int) {
    if byteCount >= Self.hugePage, let mapped = Self.map(byteCount + Self.hugePage) {
      mapping = (mapped, byteCount + Self.hugePage)
      start = mapped.alignedUp(toMultipleOf: Self.hugePage)
      #if os(Linux)
        // A hint: without it the pages are small and the memory the same.
        _ = madvise(start, byteCount, MADV_HUGEPAGE)
      #endif
      return
    }
    mapping = nil
    start = .allocate(byteCount: byteCount, alignment: 64)
    start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  deinit {
    if let mapping { munmap(mapping.start, mapping.byteCount) } else { start.deallocate() }
  }

  private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    return address == MAP_FAILED ? nil : address
  }
}
