import Attention
import Traces

extension ReplayPlan {
  /// The scored decode steps, counted from 0, as `--steps` takes them: `0-127`.
  public var stepsText: String { NumberRanges.text(steps.map(\.index)) }

  /// Token positions of their queries.
  public var positionsText: String { NumberRanges.text(steps.map(\.position)) }

  /// Decode steps that are scored.
  public var stepIndices: [Int] { steps.map(\.index) }

  /// The same as a range: what calibrates lies before them.
  public var scoredSteps: Range<Int> {
    let first = steps.first?.index ?? 0
    return first..<first + rows.count
  }
}
