import Policies

/// What the heads of a group chose at one step.
enum StepChoice {
  /// Ascending tokens of each query head.
  case some([[Int32]])
  case everything(Range<Int>)

  func count(_ head: Int) -> Int {
    switch self {
    case .some(let sets): sets[head].count
    case .everything(let visible): visible.count
    }
  }

  /// Tokens that a head chose at both steps.
  func common(with other: StepChoice, head: Int, _ overlap: inout OverlapCounter) -> Int {
    switch (self, other) {
    case (.some(let mine), .some(let theirs)):
      mine[head].withUnsafeBufferPointer { mine in
        theirs[head].withUnsafeBufferPointer { overlap.common($0, mine) }
      }
    case (.some(let sets), .everything(let visible)), (.everything(let visible), .some(let sets)):
      sets[head].reduce(0) { $0 + (visible.contains(Int($1)) ? 1 : 0) }
    case (.everything(let mine), .everything(let theirs)): mine.clamped(to: theirs).count
    }
  }
}
