import Attention

/// Top tokens exactly and the rest by a sample that is as large as an error asks for (Desai et al., 2025).
///
/// First, last and best tokens are attended to as they are. A base sample of the tokens between tells how much their exponentials vary, and
/// so how many must be drawn for the softmax's denominator to be within ε with probability 1 − δ; those drawn then count for the others.
public struct VAttention: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "vattention",
    summary: "Adds to the best tokens a random sample sized so that the denominator is within an error.",
    paper: "https://arxiv.org/abs/2510.05688", kind: .selection,
    parameters: [
      heavy, base, epsilon, delta, draws, ParameterDescriptor.sinks.defaulting(to: .integer(128)),
      ParameterDescriptor.recent.defaulting(to: .integer(128)),
    ], common: [.denseLayers], usesBudget: false,
    cost: "every key: d a token; scores",
    notes: """
      Sizes its own sets, per query head and step. Best tokens are by exact scores, so that all keys are read and only values saved; the authors take approximate scorers too, which are left out. \
      The scores of base sample and static tokens are read once more. Draws are seeded by the run, layer, query head and position. \
      With `draws=repeated` as in their sampling masker: both samples are with replacement and over all tokens between first and last, best ones included; of the base sample's sum and of the final sample a token drawn twice counts once, \
      while its weight is still 1 / (size / range + 1e-6), which is not its probability: a sample as large as the range meets 63 % of it. A best token that is drawn counts once. `draws=distinct` draws without replacement, which that weight fits. Their reference for speed differs from both: \
      shares instead of sizes, a fixed permutation and best tokens counted twice. The deviation is of values relative to the largest weight, 1e-8 at least. Fewer than two tokens between are all read.
      """)

  static let heavy = ParameterDescriptor(
    "heavy", .number(0...1), default: .number(0.05), help: "best tokens as a share of what a step sees")
  static let base = ParameterDescriptor(
    "base", .number(0...1), default: .number(0.05),
    help: "base sample as a share of the tokens between, two at least")
  static let epsilon = ParameterDescriptor(
    "epsilon", .number(0.0001...10), default: .number(0.05), help: "ε, relative error of the denominator")
  static let delta = ParameterDescriptor(
    "delta", .number(0.000001...0.5), default: .number(0.05), help: "δ, probability of a larger one")
  static let draws = ParameterDescriptor(
    "draws", .choice(["repeated", "distinct"]), default: .word("repeated"),
    help: "draw with replacement, as the authors do, or without")

  public static func corrects(_ parameters: ParameterValues) -> Bool { true }

  private let heavy: Double
  private let base: Double
  private let epsilon: Double
  /// One-sided: what the denominator's error stays below with probability 1 − δ, in deviations.
  private let deviations: Double
  private let isDistinct: Bool
  private let guarded: Guard
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    heavy = parameters.number(Self.heavy)
    base = parameters.number(Self.base)
    epsilon = parameters.number(Self.epsilon)
    deviations = PortableMath.normalQuantile(1 - parameters.number(Self.delta))
    isDistinct = parameters.word(Self.draws) == "distinct"
    guarded = parameters.guarded
    self.group = group
  }

  public var readsChosenKeys: Bool { false }
  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }
  public func scorePass() -> ScorePass { .full }

  public func choose(_ block: QueryBlock) -> Selections? {
    let scores = block.fullScores()
    let best = block.bestOf(scores, budgets: (0..<block.rows).map { size(block.visible($0)) }) {
      [self] step in guarded(step.visible)
    }
    var result = Selections()
    var corrections: [OutputCorrection] = []
    var looked = 0
    for row in 0..<block.rows {
      let visible = block.visible(row)
      let range = guarded(visible).split(visible, budget: visible.count).middle
      var correction = OutputCorrection()
      if range.count < 2 {
        result.appendRow(visible)
      } else {
        let weights = exponentials(scores, row: row, block)
        let taken = best[row].map(Int.init)
        let plan = SampleSize(
          range, weights: { weights[$0 - visible.lowerBound] }, taken: taken, base: base)
        let head = group.queryHeads.lowerBound + row / block.steps.count
        var generator = SplitMix64(
          seed: group.seed, group.layer, head, block.steps[row % block.steps.count].position)
        let first = draw(plan.baseSize, of: range, &generator)
        let size = plan.size(after: first, within: epsilon, deviations)
        looked += plan.baseSize + taken.count
        // What a token's logit gets; none where it is neither taken nor drawn.
        var offsets = [Float?](repeating: nil, count: visible.count)
        let offset = Self.offset(Double(size) / Double(range.count))
        for token in draw(size, of: range, &generator) { offsets[token - visible.lowerBound] = offset }
        for token in taken { offsets[token - visible.lowerBound] = 0 }
        result.appendRow(visible.lazy.filter { offsets[$0 - visible.lowerBound] != nil }.map(Int32.init))
        correction.offsets = offsets.compactMap(\.self)
      }
      corrections.append(correction)
    }
    block.charge(.scores(.select, by: .select), readPerHead: looked * 4, readGroupUnion: looked * 4)
    result.corrections = corrections
    return result
  }

  /// The query's own token among the last.
  private func guarded(_ visible: Range<Int>) -> Guard {
    Guard(sinks: min(guarded.sinks, visible.count - 1), recent: max(1, guarded.recent))
  }

  /// Of the first, last and best tokens.
  private func size(_ visible: Range<Int>) -> Int {
    let (sinks, middle, recent) = guarded(visible).split(visible, budget: visible.count)
    return sinks.count + recent.count + min(middle.count, Int(heavy * Double(visible.count)))
  }

  /// exp(logit − largest logit) of what a row sees.
  private func exponentials(_ scores: ScoreMatrix, row: Int, _ block: QueryBlock) -> [Float] {
    var weights = block.logits(of: Array(scores.scores(row, block.visible(row))))
    weights.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      let values = UnsafeBufferPointer(buffer)
      block.kernels.exponentials(values, offset: block.kernels.maximum(values), scale: 1, into: start)
    }
    return weights
  }

  private func draw(_ count: Int, of range: Range<Int>, _ generator: inout SplitMix64) -> [Int] {
    if isDistinct { return generator.sample(count, of: range) }
    return (0..<count).map { _ in range.lowerBound + generator.below(range.count) }
  }

  /// What the logit of a token drawn with a share of the range is raised by, against those that are certain.
  static func offset(_ share: Double) -> Float { Float(PortableMath.log((1 + 1e-6) / (share + 1e-6))) }
}
