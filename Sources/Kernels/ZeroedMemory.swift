import Attention

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// 64-byte aligned zeros, in huge pages where they are many.
final class ZeroedMemory {
  let start: UnsafeMutableRawPointer
  /// What the system gave, where it was asked for whole pages.
  private let mapping: (start: UnsafeMutableRawPointer, byteCount: Int)?

  init(byteCount: Int) {
    let hugePage = HugePages.byteCount
    if byteCount >= hugePage, let mapped = Self.map(byteCount + hugePage) {
      mapping = (mapped, byteCount + hugePage)
      start = mapped.alignedUp(toMultipleOf: hugePage)
      HugePages.advise(start, byteCount: byteCount)
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
