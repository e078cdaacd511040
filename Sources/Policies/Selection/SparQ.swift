import Attention
import Kernels

/// Attention over the r channels that matter most to the query (Ribar et al., ICML 2024).
///
/// Scores all tokens on the r channels where the group's queries are largest in sum of magnitudes, or each head's own query is
/// where heads choose for themselves, with softmax at the scale √(d · Σ_r |q| / Σ |q|), and keeps the k best. Optionally the output is mixed with the mean value,
/// weighing as much as the softmax says the kept tokens lack. With r = d the choice is the oracle's.
public struct SparQ: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "sparq", summary: "Ranks tokens on the query's r largest channels, chosen anew at every step.",
    paper: "https://arxiv.org/abs/2312.04985", kind: .selection,
    parameters: [
      ParameterDescriptor(
        "channels", .amount, default: .amount(.tokens(32)), help: "r, channels that are scored"),
      ParameterDescriptor(
        "mean-values", .choice(["on", "off"]), default: .word("on"),
        help: "mix the output with the mean of all values, as the paper does"),
      ParameterDescriptor(
        "local-share", .number(0...1), default: .number(0.25),
        help: "share of k that is the most recent tokens; the authors' 32 of 128"),
      ParameterDescriptor(
        "scope", .choice(["head", "group"]), default: .word("group"),
        help:
          "choose channels and tokens per query head, as the authors do without shared keys, or both per KV head, tokens from the summed scores"
      ),
    ],
    cost: "r a token, keys kept twice; a mean value; scores",
    notes: """
      Keys are kept twice, so that single channels are a stream. The mean value is a running one, of the tokens \
      that a step sees. The last tokens, `recent` or `local-share` of k, whichever are more, count in k. Heads' scores are \
      summed at the temperature of each, as the released code does for shared keys. `scope=head` is its code without them, with channels that are each head's own: output error 0.033 for 0.082 on qa-4096 at 256, at as \
      many bytes a head and more for the group.
      """,
    alwaysKeeps: { "the newest \($0.number("local-share")) of k" })

  private let rank: Int
  private let mixes: Bool
  private let localShare: Double
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) {
    rank = parameters.amount("channels", of: group.headDim)
    mixes = parameters.word("mean-values") == "on"
    localShare = parameters.number("local-share")
    choosesPerGroup = parameters.word("scope") == "group"
    self.group = group
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let masks = block.steps.indices.map { largestChannels(block, step: $0) }
    let read = zip(block.steps, masks).reduce(0) { sum, entry in
      let channels = (0..<d).count { c in entry.1.contains { $0[c] } }
      return sum + entry.0.visible.count * channels * group.element.byteCount
    }
    let element = group.element.byteCount
    block.charge(
      DecodeOperation(.score, .channels, .metadata, rowBytes: rank * element, bits: group.elementBits),
      readPerHead: block.visibleTokens * rank * element * group.groupSize, readGroupUnion: read)
    block.chargeAppend(rowBytes: element, pieces: d)
    block.chargeScores(writtenBy: .channels)
    // The channels left out meet a query of zero, which adds nothing to the sum.
    let masked = block.derivedQueries(width: d) { row, query, out in
      let kept = masks[row % block.steps.count][row / block.steps.count]
      for c in 0..<d { out[c] = kept[c] ? query[c] : 0 }
    }
    let scores = block.shared.scored(masked)
    let ranks = choosesPerGroup ? block.summedOverGroup(tempered(scores, masked, block)) : scores
    var chosen = block.bestOf(ranks) { [self] step in
      let local = Int(Double(block.budget(of: step)) * localShare)
      return Guard(sinks: block.guarded.sinks, recent: max(block.guarded.recent, local))
    }
    if mixes, let values = block.shared.tables.valueRows {
      let weights = softmax(scores, masked, block)
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
  /// to the lower channel. `[head of the group][channel]`
  private func largestChannels(_ block: QueryBlock, step: Int) -> [[Bool]] {
    let sizes = (0..<group.groupSize).map { head -> [Float] in
      let query = block.shared.query(block.shared.row(head: head, step: step))
      return (0..<group.headDim).map { abs(query[$0]) }
    }
    guard choosesPerGroup else { return sizes.map(largest) }
    let sums = (0..<group.headDim).map { c in sizes.reduce(Float(0)) { $0 + $1[c] } }
    return Array(repeating: largest(sums), count: group.groupSize)
  }

  private func largest(_ sizes: [Float]) -> [Bool] {
    var kept = Array(repeating: false, count: sizes.count)
    for c in sizes.indices.sorted(by: { (sizes[$0], $1) > (sizes[$1], $0) }).prefix(rank) { kept[c] = true }
    return kept
  }

  /// Normalised softmax of the partial scores at the temperature of the channels' share.
  private func softmax(_ scores: ScoreMatrix, _ masked: FloatBuffer, _ block: QueryBlock) -> ScoreMatrix {
    let result = block.shared.makeMatrix()
    for row in 0..<block.shared.rows {
      block.shared.normalise(scores, row: row, scale: scale(row, masked, block), into: result)
    }
    return result
  }

  /// The partial scores of every row at its own temperature, so that those of several heads may be summed.
  private func tempered(_ scores: ScoreMatrix, _ masked: FloatBuffer, _ block: QueryBlock) -> ScoreMatrix {
    let result = block.shared.makeMatrix()
    for row in 0..<block.shared.rows {
      let scale = scale(row, masked, block)
      let (source, out) = (scores.row(row), result.row(row))
      for token in block.shared.visible(row) { out[token] = source[token] * scale }
    }
    return result
  }

  /// √(d · Σ_r |q| / Σ |q|) of a row, as what scores are multiplied by.
  private func scale(_ row: Int, _ masked: FloatBuffer, _ block: QueryBlock) -> Float {
    let query = block.shared.query(row)
    let (part, whole) = (0..<group.headDim).reduce((Float(0), Float(0))) {
      ($0.0 + abs(masked[row * group.headDim + $1]), $0.1 + abs(query[$1]))
    }
    // group.scale stands for 1 / √d, whatever the model makes of it.
    return part > 0 ? group.scale / (part / whole).squareRoot() : group.scale
  }

  private func corrections(
    _ chosen: Selections, _ weights: ScoreMatrix, _ block: QueryBlock,
    _ values: (rows: FloatBuffer, width: Int)
  ) -> [OutputCorrection] {
    let means = block.steps.map { step in
      block.shared.tables.cached("mean value \(step.visible)") {
        Self.mean(values, step.visible, channels: group.valueDim)
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

  private static func mean(_ values: (rows: FloatBuffer, width: Int), _ tokens: Range<Int>, channels: Int)
    -> [Float]
  {
    var sums = Array(repeating: 0.0, count: channels)
    for token in tokens {
      for c in sums.indices { sums[c] += Double(values.rows[token * values.width + c]) }
    }
    return sums.map { Float($0 / Double(max(tokens.count, 1))) }
  }

  public func residentExtraBytesPerToken() -> (device: Int, host: Int) { (group.keyRowBytes, 0) }
}
