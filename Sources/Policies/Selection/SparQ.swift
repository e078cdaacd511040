import Attention

/// Attention over the r channels that matter most to the query (Ribar et al., ICML 2024).
///
/// Scores all tokens on the r channels where the group's queries are largest in sum of magnitudes, or each head's own query is
/// where heads choose for themselves, with softmax at the scale √(d · Σ_r |q| / Σ |q|), and keeps the k best. Optionally the output is mixed with the mean value,
/// weighing as much as the softmax says the kept tokens lack. With r = d the choice is the oracle's.
public struct SparQ: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "sparq", summary: "Ranks tokens on the query's r largest channels, chosen anew at every step.",
    paper: "https://arxiv.org/abs/2312.04985", kind: .selection,
    parameters: [channels, meanValues, localShare, scope],
    cost: "r a token, keys kept twice; a mean value; scores",
    notes: """
      Keys are kept twice, so that single channels are a stream. The mean value is a running one, of the tokens \
      that a step sees. The last tokens, `recent` or `local-share` of k, whichever are more, count in k. Heads' scores are \
      summed at the temperature of each, as the released code does for shared keys. `scope=head` is its code without them, with channels that are each head's own: output error 0.033 for 0.082 on qa-4096 at 256, at as \
      many bytes a head and more for the group.
      """,
    alwaysKeeps: { "the newest \($0.number(localShare)) of k" },
    isFlatteredInOpenLoop: true)

  static let channels = ParameterDescriptor(
    "channels", .amount, of: .channels, default: .amount(.tokens(32)), help: "r, channels that are scored")
  static let meanValues = ParameterDescriptor(
    "mean-values", .choice(["on", "off"]), default: .word("on"),
    help: "mix the output with the mean of all values, as the paper does")
  static let localShare = ParameterDescriptor(
    "local-share", .number(0...1), default: .number(0.25),
    help: "share of k that is the most recent tokens; the authors' 32 of 128")
  static let scope = ParameterDescriptor(
    "scope", .choice(["head", "group"]), default: .word("group"),
    help:
      "choose channels and tokens per query head, as the authors do without shared keys, or both per KV head, tokens from the summed scores"
  )

  public static func corrects(_ parameters: ParameterValues) -> Bool { parameters.word(meanValues) == "on" }

  private let rank: Int
  private let mixes: Bool
  private let localShare: Double
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) {
    rank = parameters.amount(Self.channels, of: group.headDim)
    mixes = parameters.word(Self.meanValues) == "on"
    localShare = parameters.number(Self.localShare)
    choosesPerGroup = parameters.word(Self.scope) == "group"
    self.group = group
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let kept = largestChannels(block)
    let scores = block.scores(isKept: kept)
    let ranks = choosesPerGroup ? block.summedOverGroup(tempered(scores, kept, block)) : scores
    var chosen = block.bestOf(ranks) { [self] step in
      let local = Int(Double(block.budget(of: step)) * localShare)
      return Guard(sinks: block.guarded.sinks, recent: max(block.guarded.recent, local))
    }
    if mixes, let values = block.tables.values {
      let weights = softmax(scores, kept, block)
      chosen.corrections = corrections(chosen, weights, block, values)
      block.chargeAppend(rowBytes: group.valueRowBytes)
      block.charge(
        DecodeOperation(.attend, .stream, .metadata, rowBytes: group.valueRowBytes, bits: group.elementBits),
        readPerHead: block.steps.count * group.valueRowBytes * group.groupSize,
        readGroupUnion: block.steps.count * group.valueRowBytes)
    }
    return chosen
  }

  /// Whether each channel is among the r of largest |q_c|, summed over the group's heads where those choose together; ties go
  /// to the lower channel. `[row][channel]`
  private func largestChannels(_ block: QueryBlock) -> [[Bool]] {
    let sizes = (0..<block.rows).map { row -> [Float] in
      let query = block.query(row)
      return (0..<group.headDim).map { abs(query[$0]) }
    }
    guard choosesPerGroup else { return sizes.map(largest) }
    let shared = block.steps.indices.map { step in
      largest((0..<group.groupSize).map { sizes[block.row(head: $0, step: step)] }.summed)
    }
    return sizes.indices.map { shared[$0 % shared.count] }
  }

  private func largest(_ sizes: [Float]) -> [Bool] {
    var kept = Array(repeating: false, count: sizes.count)
    for c in sizes.indices.sorted(by: { (sizes[$0], $1) > (sizes[$1], $0) }).prefix(rank) { kept[c] = true }
    return kept
  }

  /// Normalised softmax of the partial scores at the temperature of the channels' share.
  private func softmax(_ scores: ScoreMatrix, _ kept: [[Bool]], _ block: QueryBlock) -> ScoreMatrix {
    let result = block.makeMatrix()
    for row in 0..<block.rows {
      block.normalise(scores, row: row, scale: scale(row, kept[row], block), into: result)
    }
    return result
  }

  /// The partial scores of every row at its own temperature, so that those of several heads may be summed.
  private func tempered(_ scores: ScoreMatrix, _ kept: [[Bool]], _ block: QueryBlock) -> ScoreMatrix {
    let result = block.makeMatrix()
    for row in 0..<block.rows {
      let scale = scale(row, kept[row], block)
      let (source, out) = (scores.row(row), result.row(row))
      for token in block.visible(row) { out[token] = source[token] * scale }
    }
    return result
  }

  /// √(d · Σ_r |q| / Σ |q|) of a row, as what scores are multiplied by.
  private func scale(_ row: Int, _ kept: [Bool], _ block: QueryBlock) -> Float {
    let query = block.query(row)
    let (part, whole) = (0..<group.headDim).reduce((Float(0), Float(0))) {
      ($0.0 + (kept[$1] ? abs(query[$1]) : 0), $0.1 + abs(query[$1]))
    }
    // group.scale stands for 1 / √d, whatever the model makes of it.
    return part > 0 ? group.scale / (part / whole).squareRoot() : group.scale
  }

  private func corrections(
    _ chosen: Selections, _ weights: ScoreMatrix, _ block: QueryBlock,
    _ values: ValueRows
  ) -> [OutputCorrection] {
    let means = block.steps.map { step in
      block.tables.cached("mean value \(step.visible)") {
        values.mean(step.visible, channels: group.valueDim)
      }
    }
    return (0..<chosen.rows).map { row in
      var correction = OutputCorrection()
      let held = chosen[row].reduce(Float(0)) { $0 + weights.row(row)[Int($1)] }
      correction.mix = max(0, 1 - held)
      correction.mean = means[row % means.count]
      return correction
    }
  }

  public func residentExtraBytesPerToken() -> (device: Int, host: Int) { (group.keyRowBytes, 0) }
}
