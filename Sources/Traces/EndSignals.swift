#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The signals by which a user or a system asks a process to end.
package enum EndSignals {
  /// Sets a handler for those that nobody handles yet.
  ///
  /// Signals that someone else handles, or that whoever started the process had it ignore, stay theirs. The others are
  /// let through: a process inherits what the thread that started it had blocked, which of a thread of a pool is nearly
  /// all.
  ///
  /// - Parameter handler: calls nothing but what may be called in a signal's handler.
  /// - Returns: those that the handler hears.
  @discardableResult
  package static func handle(_ numbers: [Int32], _ handler: @escaping @convention(c) (Int32) -> Void)
    -> [Int32]
  {
    var heard = sigset_t()
    sigemptyset(&heard)
    let taken = numbers.filter { number in
      let before = signal(number, handler)
      guard before == nil else {
        signal(number, before)
        return false
      }
      sigaddset(&heard, number)
      return true
    }
    pthread_sigmask(SIG_UNBLOCK, &heard, nil)
    return taken
  }
}
