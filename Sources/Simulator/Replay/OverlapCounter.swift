import Policies

/// Counts common members of token sets in time linear in the sets, without clearing between counts.
struct OverlapCounter {
  private var stamps: [UInt32]
  private var stamp: UInt32 = 0

  init(tokens: Int) { stamps = Array(repeating: 0, count: tokens) }

  private mutating func nextStamp() {
    stamp &+= 1
    if stamp == 0 {
      stamps = Array(repeating: 0, count: stamps.count)
      stamp = 1
    }
  }

  /// Members that two sets share.
  mutating func common(_ left: UnsafeBufferPointer<Int32>, _ right: UnsafeBufferPointer<Int32>) -> Int {
    nextStamp()
    let current = stamp
    return stamps.withUnsafeMutableBufferPointer { marks in
      for token in left { marks[Int(token)] = current }
      var count = 0
      for token in right { count += marks[Int(token)] == current ? 1 : 0 }
      return count
    }
  }

  /// Members of the union of the rows of a selection that `rows` names, and how many of them lie in `ranges`.
  ///
  /// - Parameter ranges: ascending, without overlap.
  mutating func union(_ selections: Selections, rows: some Sequence<Int>, within ranges: [Range<Int>]) -> (
    all: Int, held: Int
  ) {
    nextStamp()
    let current = stamp
    return stamps.withUnsafeMutableBufferPointer { marks in
      var (all, held) = (0, 0)
      for row in rows {
        var next = 0
        selections.withTokens(row) { tokens in
          guard !ranges.isEmpty else {
            // Without a branch: whether a head chose what another one did is not to be foretold.
            for token in tokens {
              all += marks[Int(token)] == current ? 0 : 1
              marks[Int(token)] = current
            }
            return
          }
          for token in tokens where marks[Int(token)] != current {
            marks[Int(token)] = current
            all += 1
            while next < ranges.count, ranges[next].upperBound <= token { next += 1 }
            held += next < ranges.count && ranges[next].contains(Int(token)) ? 1 : 0
          }
        }
      }
      return (all, held)
    }
  }
}
