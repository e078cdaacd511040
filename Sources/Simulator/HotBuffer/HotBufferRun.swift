import Attention

/// A hot buffer on its way through the steps of one KV head.
struct HotBufferRun {
  private let buffer: HotBuffer
  private var order: any ReplacementOrder
  private var resident: Set<Int> = []

  /// - Parameters:
  ///   - prompt: tokens that are there before the first step.
  ///   - reads: the pages that each step will read, for what knows the future.
  private init(_ buffer: HotBuffer, prompt: Int, reads: [[Int]]) {
    self.buffer = buffer
    order =
      switch buffer.replacement {
      case .lru: RecencyOrder()
      case .clock: ClockOrder()
      case .fifo: ArrivalOrder()
      case .lfu: FrequencyOrder()
      case .belady: FutureOrder(reads)
      }
    guard buffer.start == .first else { return }
    // Of a page that is not whole the newest tokens are still to come.
    let first = Array(0..<min(buffer.pages, prompt / buffer.page))
    resident = Set(first)
    order.read(hits: [], misses: first, at: -1)
  }

  /// What every step of a sequence of choices finds.
  ///
  /// The page that is not whole yet lies on the device, where its tokens were made, and counts for neither; once it is whole
  /// it lies on the host like the others.
  ///
  /// - Parameters:
  ///   - chosen: tokens of each step, ascending, whichever query heads read them.
  ///   - newest: of each step.
  static func steps(_ buffer: HotBuffer, chosen: [[Int32]], newest: [Int], prompt: Int) -> [HotBufferStep] {
    let reads = zip(chosen, newest).map { tokens, newest in
      var pages: [Int] = []
      for token in tokens {
        let page = Int(token) / buffer.page
        if page != newest / buffer.page, pages.last != page { pages.append(page) }
      }
      return pages
    }
    var run = HotBufferRun(buffer, prompt: prompt, reads: reads)
    return reads.enumerated().map { run.step($1, at: $0) }
  }

  private mutating func step(_ pages: [Int], at step: Int) -> HotBufferStep {
    let hits = pages.filter(resident.contains)
    // What the buffer has no room for goes by.
    let misses = pages.filter { !resident.contains($0) }
    let kept = misses.prefix(max(0, buffer.pages - hits.count))
    let goes = resident.count + kept.count - buffer.pages
    if goes > 0 {
      for page in order.victims(goes, of: resident.subtracting(hits)) {
        resident.remove(page)
        order.forget(page)
      }
    }
    resident.formUnion(kept)
    order.read(hits: hits, misses: Array(kept), at: step)
    return HotBufferStep(hits: hits.count, misses: misses.count)
  }
}
