import CKernels

#if canImport(Musl)
  import Musl
#elseif canImport(Glibc)
  import Glibc
#endif

/// Zeros in a nameless file in memory, which may be mapped again and again.
///
/// A fork maps the same pages until it writes: where many caches go on from one prompt, the prompt lies in memory, and in the
/// processor's caches, once, and every cache is still one run of addresses, as kernels want it.
final class ForkableMemory: FloatMemory {
  let start: UnsafeMutableRawPointer
  private let byteCount: Int
  private let file: SharedFile

  /// Closed when nobody maps it any more.
  private final class SharedFile {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit {
      #if os(Linux)
        close(descriptor)
      #endif
    }
  }

  /// Less than this is copied as fast as it is mapped.
  private static let leastBytes = 1 << 16

  /// Nil where it is too small to be worth it, or the system has no such files.
  init?(byteCount: Int) {
    #if os(Linux)
      guard byteCount >= Self.leastBytes else { return nil }
      let descriptor = fs_memory_file(byteCount)
      guard descriptor >= 0 else { return nil }
      let file = SharedFile(descriptor)
      guard let start = Self.map(descriptor, byteCount, isPrivate: false) else { return nil }
      self.start = start
      self.byteCount = byteCount
      self.file = file
    #else
      return nil
    #endif
  }

  private init(_ start: UnsafeMutableRawPointer, _ byteCount: Int, _ file: SharedFile) {
    self.start = start
    self.byteCount = byteCount
    self.file = file
  }

  /// The pages as they are now, written apart; nil where the system maps no more.
  func forked() -> ForkableMemory? {
    #if os(Linux)
      Self.map(file.descriptor, byteCount, isPrivate: true).map { ForkableMemory($0, byteCount, file) }
    #else
      nil
    #endif
  }

  deinit {
    #if os(Linux)
      munmap(start, byteCount)
    #endif
  }

  #if os(Linux)
    private static func map(_ descriptor: Int32, _ byteCount: Int, isPrivate: Bool)
      -> UnsafeMutableRawPointer?
    {
      let address = mmap(
        nil, byteCount, PROT_READ | PROT_WRITE, isPrivate ? MAP_PRIVATE : MAP_SHARED, descriptor, 0)
      return address == MAP_FAILED ? nil : address
    }
  #endif
}
