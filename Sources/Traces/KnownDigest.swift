import Synchronization

/// The digest of a trace's file once it has been taken, for all copies of the trace and from any thread.
final class KnownDigest: Sendable {
  private let kept = Mutex<String?>(nil)

  var hex: String? {
    get { kept.withLock(\.self) }
    set { kept.withLock { $0 = newValue } }
  }
}
