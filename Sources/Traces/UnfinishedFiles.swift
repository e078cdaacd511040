import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Temporary files and folders that are removed when Ctrl-C or another request to end comes before they are done.
///
/// A name is used once, so it can stay on the list when its file is done: removing what is gone does nothing. What was named
/// last goes first: a folder is named before what is in it.
package enum UnfinishedFiles {
  private struct Entry {
    let path: UnsafeMutablePointer<CChar>
    let isFolder: Bool
    let next: UnsafeMutablePointer<Entry>?
  }

  // Unsafe only in that a pointer is not Sendable: an entry never changes once it is on the list.
  nonisolated(unsafe) private static let last = Atomic<UnsafeMutablePointer<Entry>?>(nil)
  private static let isListening = Atomic<Bool>(false)

  /// Names a file or a folder, before it is created.
  static func add(_ path: String, isFolder: Bool = false) {
    guard let copy = strdup(path) else { return }
    // Never freed: a signal may be reading it at any time, and a command writes few files.
    let entry = UnsafeMutablePointer<Entry>.allocate(capacity: 1)
    var next = last.load(ordering: .acquiring)
    while true {
      entry.initialize(to: Entry(path: copy, isFolder: isFolder, next: next))
      let result = last.compareExchange(expected: next, desired: entry, ordering: .acquiringAndReleasing)
      if result.exchanged { break }
      next = result.original
    }
    if !isListening.exchange(true, ordering: .acquiringAndReleasing) {
      EndSignals.handle([SIGINT, SIGTERM, SIGHUP]) { UnfinishedFiles.end($0) }
    }
  }

  /// Calls nothing but what may be called in a signal handler.
  private static func end(_ number: Int32) -> Never {
    remove()
    // As shells report a process that the signal ended.
    _exit(128 + number)
  }

  /// For who ends the process otherwise. Calls nothing but what may be called in a signal handler.
  ///
  /// Other threads go on meanwhile, and may make what was not there yet: so it looks again, for as long as it finds something,
  /// though not for ever.
  package static func remove() {
    for _ in 0..<8 where !removeWhatIsThere() { return }
  }

  /// - Returns: whether anything was there.
  private static func removeWhatIsThere() -> Bool {
    var entry = last.load(ordering: .acquiring)
    var isAnyRemoved = false
    while let current = entry {
      let path = current.pointee.path
      let status = current.pointee.isFolder ? rmdir(path) : unlink(path)
      isAnyRemoved = isAnyRemoved || status == 0
      entry = current.pointee.next
    }
    return isAnyRemoved
  }
}
