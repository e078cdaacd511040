/// Token sparsity found by channel sparsity (Yang et al., 2024).
///
/// r label channels per KV head, those of largest mean |q_c · k_c| on some calibration text, are kept once more in 4 bits;
/// they rank the tokens.
public struct DoubleSparsity: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "double-sparsity", summary: "Ranks tokens on a 4-bit copy of a few calibrated channels.",
    paper: "https://arxiv.org/abs/2408.07092", kind: .selection,
    parameters: [
      ParameterDescriptor(
        "channels", .amount, default: .amount(.share(0.125)),
        help: "r, label channels: a count or a share of d; the authors use 1/8 to 1/16"),
      ParameterDescriptor(
        "bits", .integer(1...16), default: .integer(4), help: "bits of a label channel; 16 leaves it as it is"
      ),
      .scope, ParameterDescriptor.denseLayers.defaulting(to: .integer(2)),
    ], needs: [.headStatistics],
    cost: "r / 2 + 4 bytes a token; scores",
    notes: """
      A token's labels are quantised between their own lowest and highest value, both kept in 16 bits. \
      One label cache per KV head, since the statistic is averaged over the heads that share it.
      """)

  private let channels: [Int]
  private let bits: Int
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    self.group = group
    choosesPerGroup = parameters.word("scope") == "group"
    bits = parameters.integer("bits")
    let weights = try group.calibrated("double-sparsity").channelWeights[group.kvHead]
    let ranked = weights.indices.sorted { (weights[$0], $1) > (weights[$1], $0) }
    channels = ranked.prefix(parameters.amount("channels", of: group.headDim)).sorted()
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let keys = block.shared.tables.keyRows.pointer
    let table = TokenTable("labels \(channels) \(bits)", of: block.shared.tables, width: channels.count) {
      token, out in
      for (index, c) in channels.enumerated() { out[index] = keys[token * d + c] }
      if bits < 16 { Quantised.round(out, count: channels.count, bits: bits) }
    }
    let queries = block.derivedQueries(width: channels.count) { _, query, out in
      for (index, c) in channels.enumerated() { out[index] = query[c] }
    }
    let scores = block.scores(table, queries: queries, rowBytes: rowBytes)
    return block.bestOf(choosesPerGroup ? block.summedOverGroup(scores) : scores)
  }

  private var rowBytes: Int { (channels.count * bits + 7) / 8 + (bits < 16 ? 4 : 0) }

  public func residentExtraBytesPerToken() -> (device: Int, host: Int) { (rowBytes, 0) }
}

/// Values rounded to few bits between their lowest and highest.
enum Quantised {
  /// Replaces each value by the nearest of 2^bits levels.
  static func round(_ values: UnsafeMutablePointer<Float>, count: Int, bits: Int) {
    guard count > 0 else { return }
    var (low, high) = (values[0], values[0])
    for i in 1..<max(count, 1) {
      low = min(low, values[i])
      high = max(high, values[i])
    }
    let step = (high - low) / Float((1 << bits) - 1)
    guard step > 0 else { return }
    for i in 0..<count { values[i] = low + ((values[i] - low) / step).rounded() * step }
  }
}
