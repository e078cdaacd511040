/// Which pages of a hot buffer go first.
protocol ReplacementOrder {
  /// A step read these pages; `misses` have come to stay. Both ascending.
  mutating func read(hits: [Int], misses: [Int], at step: Int)
  /// The first `count` of `candidates` to go.
  mutating func victims(_ count: Int, of candidates: Set<Int>) -> [Int]
  mutating func forget(_ page: Int)
}

extension ReplacementOrder {
  mutating func forget(_ page: Int) {}

  /// The candidates of the lowest key, which is looked up once for each.
  func lowest<Key: Comparable>(
    _ count: Int, of candidates: Set<Int>, by key: (Int) -> (Key, Int)
  ) -> [Int] {
    candidates.map { (key: key($0), page: $0) }.sorted { $0.key < $1.key }.prefix(count).map(\.page)
  }
}

/// Least recently read first.
struct RecencyOrder: ReplacementOrder {
  private var last: [Int: Int] = [:]
  private var clock = 0

  mutating func read(hits: [Int], misses: [Int], at step: Int) {
    for page in misses + hits {
      last[page] = clock
      clock += 1
    }
  }

  mutating func victims(_ count: Int, of candidates: Set<Int>) -> [Int] {
    lowest(count, of: candidates) { (last[$0] ?? -1, $0) }
  }
}

/// First come, first to go.
struct ArrivalOrder: ReplacementOrder {
  private var arrival: [Int: Int] = [:]
  private var clock = 0

  mutating func read(hits: [Int], misses: [Int], at step: Int) {
    for page in misses {
      arrival[page] = clock
      clock += 1
    }
  }

  mutating func victims(_ count: Int, of candidates: Set<Int>) -> [Int] {
    lowest(count, of: candidates) { (arrival[$0] ?? -1, $0) }
  }
}

/// Read at the fewest steps first, then least recently.
struct FrequencyOrder: ReplacementOrder {
  private var reads: [Int: (count: Int, last: Int)] = [:]
  private var clock = 0

  mutating func read(hits: [Int], misses: [Int], at step: Int) {
    for page in misses + hits {
      reads[page] = ((reads[page]?.count ?? 0) + 1, clock)
      clock += 1
    }
  }

  mutating func victims(_ count: Int, of candidates: Set<Int>) -> [Int] {
    lowest(count, of: candidates) { reads[$0] ?? (0, -1) }
  }

  mutating func forget(_ page: Int) { reads[page] = nil }
}

/// A hand goes round the pages in the order of their places: a page that was read since it last came by is spared once.
struct ClockOrder: ReplacementOrder {
  /// Nil where a page has gone and none has taken its place.
  private var places: [Int?] = []
  private var isRead: [Int: Bool] = [:]
  private var hand = 0

  mutating func read(hits: [Int], misses: [Int], at step: Int) {
    for page in hits { isRead[page] = true }
    var free = places.indices.filter { places[$0] == nil }[...]
    for page in misses {
      isRead[page] = false
      if let place = free.popFirst() { places[place] = page } else { places.append(page) }
    }
  }

  mutating func victims(_ count: Int, of candidates: Set<Int>) -> [Int] {
    var found: [Int] = []
    while found.count < count {
      if let page = places[hand], candidates.contains(page) {
        if isRead[page] == true {
          isRead[page] = false
        } else {
          found.append(page)
          places[hand] = nil
        }
      }
      hand = (hand + 1) % places.count
    }
    return found
  }
}

/// What is read again latest, or never, goes first.
struct FutureOrder: ReplacementOrder {
  /// Steps that read a page, ascending.
  private var reads: [Int: ArraySlice<Int>] = [:]
  private var step = -1

  init(_ steps: [[Int]]) {
    for (step, pages) in steps.enumerated() { for page in pages { reads[page, default: []].append(step) } }
  }

  mutating func read(hits: [Int], misses: [Int], at step: Int) { self.step = step }

  mutating func victims(_ count: Int, of candidates: Set<Int>) -> [Int] {
    // Asked within the step after the last one read, which none of the candidates is read at. The lower of two that never are.
    for page in candidates {
      while let first = reads[page]?.first, first <= step { reads[page]?.removeFirst() }
    }
    return lowest(count, of: candidates) { (-(reads[$0]?.first ?? .max), $0) }
  }
}
