// What ThreadSanitizer says of Swift's lock on Linux where several threads want it, and of Foundation's in its place:
//
//   swiftc -O -sanitize=thread Tests/sanitizers/mutex.swift -o /tmp/mutex && /tmp/mutex               a report
//   swiftc -O -sanitize=thread -D NSLOCK Tests/sanitizers/mutex.swift -o /tmp/mutex && /tmp/mutex     none
//
// thread.supp passes over the first without -O, as the suite's commands are built: TSAN_OPTIONS=suppressions=Tests/sanitizers/thread.supp
import Foundation
import Synchronization

/// One number, added to under a lock alone.
final class Shared: @unchecked Sendable {
  private let mutex = Mutex(())
  private let lock = NSLock()
  private var sum = 0.0

  func add() {
    #if NSLOCK
      lock.withLock(addHeld)
    #else
      mutex.withLock { _ in addHeld() }
    #endif
  }

  private func addHeld() { for i in 0..<300 { sum += Double(i).squareRoot() } }
}

let shared = Shared()
DispatchQueue.concurrentPerform(iterations: 4) { _ in for _ in 0..<20_000 { shared.add() } }
