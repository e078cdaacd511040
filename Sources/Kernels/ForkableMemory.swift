import CKernels
import Synchronization

/// Zeros in a nameless file in memory, parts of which may be mapped again and again.
///
/// A fork maps the same pages until it writes: where many caches go on from one prompt, the prompt lies in memory, and in the
/// processor's caches, once, and every cache is still one run of addresses, as kernels want it.
final class ForkableMemory: FloatMemory {
  let start: UnsafeMutableRawPointer
  private let part: FilePart
  /// What a fork has written lies in no file, so that it is copied where it is forked again.
  private let isOrigin: Bool

  /// Less than this is copied as fast as it is mapped.
  private static let leastBytes = 1 << 16

  /// Nil where it is too small to be worth it, or the system has no such files.
  init?(byteCount: Int) {
    guard byteCount >= Self.leastBytes, let part = FilePart(byteCount: byteCount),
      let start = part.map(isPrivate: false)
    else { return nil }
    self.start = start
    self.part = part
    isOrigin = true
  }

  private init(_ start: UnsafeMutableRawPointer, of part: FilePart) {
    self.start = start
    self.part = part
    isOrigin = false
  }

  /// The pages as they are now, written apart; nil where they cannot be mapped, and are to be copied.
  func forked() -> ForkableMemory? {
    isOrigin ? part.map(isPrivate: true).map { ForkableMemory($0, of: part) } : nil
  }

  deinit { fs_memory_unmap(start, part.byteCount) }
}

/// A part of the process's one file, given back when nobody maps it any more: a file each would use up the files that a process
/// may open.
private final class FilePart {
  let byteCount: Int
  private let file: Int32
  private let offset: Int

  private static let shared = Mutex((file: Int32(-1), end: 0))
  private static let page = 1 << 16

  init?(byteCount: Int) {
    let bytes = (byteCount + Self.page - 1) / Self.page * Self.page
    // In one go: were the length set apart from the place, a thread with an earlier place would cut off a later one's part.
    let place: (file: Int32, offset: Int)? = Self.shared.withLock { shared in
      if shared.file < 0 { shared.file = fs_memory_file() }
      let offset = shared.end
      guard shared.file >= 0, fs_memory_lengthen(shared.file, offset + bytes) == 0 else { return nil }
      shared.end = offset + bytes
      return (shared.file, offset)
    }
    guard let place else { return nil }
    (file, offset) = place
    self.byteCount = bytes
  }

  func map(isPrivate: Bool) -> UnsafeMutableRawPointer? {
    fs_memory_map(file, offset, byteCount, isPrivate ? 1 : 0)
  }

  deinit { fs_memory_forget(file, offset, byteCount) }
}
