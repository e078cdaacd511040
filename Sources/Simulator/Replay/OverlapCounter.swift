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

  /// Members of the union of the rows of a selection that `rows` names.
  mutating func union(_ selections: Selections, rows: some Sequence<Int>) -> Int {
    nextStamp()
    let current = stamp
    return stamps.withUnsafeMutableBufferPointer { marks in
      var count = 0
      for row in rows {
        selections.withTokens(row) { tokens in
          for token in tokens {
            count += marks[Int(token)] == current ? 0 : 1
            marks[Int(token)] = current
          }
        }
      }
      return count
    }
  }
}
