import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Temporary files that are removed when Ctrl-C or another request to end comes before they have their names.
///
/// A name is used once, so it can stay on the list when its file is done: removing what is gone does nothing.
package enum UnfinishedFiles {
  private struct Entry {
    let path: UnsafeMutablePointer<CChar>
    let next: UnsafeMutablePointer<Entry>?
  }

  // Unsafe only in that a pointer is not Sendable: an entry never changes once it is on the list.
  nonisolated(unsafe) private static let last = Atomic<UnsafeMutablePointer<Entry>?>(nil)
  private static let isListening = Atomic<Bool>(false)

  /// Names a file, before it is created.
  static func add(_ path: String) {
    guard let copy = strdup(path) else { return }
    // Never freed: a signal may be reading it at any time, and a command writes few files.
    let entry = UnsafeMutablePointer<Entry>.allocate(capacity: 1)
    var next = last.load(ordering: .acquiring)
    while true {
      entry.initialize(to: Entry(path: copy, next: next))
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
  package static func remove() {
    var entry = last.load(ordering: .acquiring)
    while let current = entry {
      unlink(current.pointee.path)
      entry = current.pointee.next
    }
  }
}
