#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory that ends at a page nobody may touch: a kernel that reads or writes past the end crashes.
///
/// The elements before it, and those a kernel has not written, hold a pattern that shows a stray write.
final class Fenced<Element: BitwiseCopyable>: @unchecked Sendable {
  let count: Int
  let pointer: UnsafeMutablePointer<Element>
  private let base: UnsafeMutableRawPointer
  private let usable: Int

  /// A multiple of the page size of every system that Swift runs on.
  private static var page: Int { 65536 }
  private static var canary: UInt8 { 0xa5 }

  init(count: Int) {
    let bytes = count * MemoryLayout<Element>.stride
    usable = (bytes + Self.page - 1) / Self.page * Self.page + Self.page
    let mapped = mmap(nil, usable + Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let mapped, mapped != MAP_FAILED, mprotect(mapped + usable, Self.page, PROT_NONE) == 0 else {
      fatalError("no memory for a fenced buffer of \(bytes) bytes")
    }
    self.count = count
    base = mapped
    memset(base, Int32(Self.canary), usable)
    pointer = (base + usable - bytes).bindMemory(to: Element.self, capacity: max(count, 1))
  }

  convenience init(_ elements: [Element]) {
    self.init(count: elements.count)
    elements.withUnsafeBytes { source in
      if let start = source.baseAddress { memcpy(pointer, start, source.count) }
    }
  }

  deinit { munmap(base, usable + Self.page) }

  var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(buffer) }
  var buffer: UnsafeMutableBufferPointer<Element> { .init(start: pointer, count: count) }
  var elements: [Element] { Array(buffer) }

  /// Whether nothing before the first element was written.
  var isIntact: Bool {
    UnsafeRawBufferPointer(start: base, count: usable - raw.count).suffix(4096).allSatisfy {
      $0 == Self.canary
    }
  }

  /// Whether no byte of an element was written.
  func isUntouched(_ index: Int) -> Bool {
    let size = MemoryLayout<Element>.stride
    return memcmp(pointer + index, base, size) == 0
  }
}
