import Attention
import Dispatch
import Kernels
import Policies
import Simulator
import Synchronization

/// What one thread keeps from call to call.
final class LiveWorker {
  let kernels: Kernels
  let pool = BufferPool()
  let scratch = TopKScratch()
  /// Row 0's caches once more, by layer and as rows store them, since tables are not for two threads; empty where nobody
  /// is asked about them.
  private var followed: [[LiveRowCaches]] = []
  private var formats: [CacheFormat?] = []

  init(_ kernels: Kernels) { self.kernels = kernels }

  /// Keeps caches that follow row 0, stored as rows store theirs.
  func follow(_ layers: [LiveLayer], formats: [CacheFormat]) {
    self.formats = [nil] + formats
    followed = layers.map { layer in self.formats.map { LiveRowCaches(layer, format: $0) } }
  }

  /// Row 0's step, which other rows' policies are asked about; by format, then KV head.
  func reference(_ input: LiveInput, _ layer: LiveLayer, at step: Step) throws -> [CacheFormat?: [LiveBlock]]
  {
    let blocks = try layer.blocks(
      formats.map { _ in input }, caches: followed[layer.place], at: step, worker: self)
    return Dictionary(uniqueKeysWithValues: zip(formats, blocks))
  }
}

/// Deals rows to threads, each of which keeps to its own.
struct LiveBoard: @unchecked Sendable {
  typealias Place = (place: Int, row: LiveRow)
  private let rows: [LiveRow]
  private let workers: [LiveWorker]
  private let failures = FirstFailure()

  init(rows: [LiveRow], workers: [LiveWorker]) {
    self.rows = rows
    self.workers = workers
  }

  /// The first error of any thread.
  var failure: (any Error)? { failures.first }

  func run(_ body: @Sendable (LiveWorker, [Place]) throws -> Void) {
    DispatchQueue.concurrentPerform(iterations: workers.count) { thread in
      // In turn, so that neighbours, which are often alike, are spread.
      let mine = stride(from: thread, to: rows.count, by: workers.count).map { (place: $0, row: rows[$0]) }
      do { try body(workers[thread], mine) } catch { failures.add(error) }
    }
  }
}

private final class FirstFailure: Sendable {
  private let found = Mutex<(any Error)?>(nil)

  var first: (any Error)? { found.withLock { $0 } }

  func add(_ error: any Error) { found.withLock { $0 = $0 ?? error } }
}
