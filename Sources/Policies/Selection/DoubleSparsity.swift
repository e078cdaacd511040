/// Token sparsity found by channel sparsity (Yang et al., 2024).
///
/// r label channels per query head, those of largest mean |q_c · k_c| of calibration tokens with themselves, are kept once more
/// in 4 bits; they rank the tokens, met by the query's channels in as few bits.
public struct DoubleSparsity: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "double-sparsity", summary: "Ranks tokens on a 4-bit copy of a few calibrated channels.",
    paper: "https://arxiv.org/abs/2408.07092", kind: .selection,
    parameters: [
      channels, bits, queries, labels, .scope, ParameterDescriptor.denseLayers.defaulting(to: .integer(2)),
    ], needs: [.headStatistics],
    cost: "r / 2 + 4 bytes a token and query head; scores",
    notes: """
      A token's labels are quantised between their own lowest and highest value, both kept in 16 bits. \
      Heads whose channels differ keep a label cache each; `labels=group` keeps one per KV head, of channels that are calibrated for the heads that share it, \
      a third of the bytes with three heads to each: output error 0.212 for 0.147 on qa-4096 at 256 (recall 0.595 for 0.628), 0.111 for 0.064 at 19 % (0.643 for 0.665), 0.205 for 0.228 on prose-8192 (0.586 for 0.587), 0.032 for 0.026 at 19 % (0.698 for \
      0.702). `queries=exact` changes error by less than 0.002 and recall by at most 0.002.
      """)

  static let channels = ParameterDescriptor(
    "channels", .amount, of: .channels, default: .amount(.share(0.125)),
    help: "r, label channels: a count or a share of d; the authors use 1/8 to 1/16")
  static let bits = ParameterDescriptor(
    "bits", .integer(1...16), default: .integer(4), help: "bits of a label channel; 16 leaves it as it is"
  )
  static let queries = ParameterDescriptor(
    "queries", .choice(["rounded", "exact"]), default: .word("rounded"),
    help: "round a query's label channels to as many bits, as the released code does, or leave them")
  static let labels = ParameterDescriptor(
    "labels", .choice(["head", "group"]), default: .word("head"),
    help:
      "channels of each query head by a token's product with itself, as the authors calibrate, or one list per KV head by products with all visible tokens"
  )

  /// Of each query head of the group, ascending.
  private let channels: [[Int]]
  private let bits: Int
  private let roundsQueries: Bool
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    self.group = group
    choosesPerGroup = parameters.word(.scope) == "group"
    bits = parameters.integer(Self.bits)
    roundsQueries = parameters.word(Self.queries) == "rounded" && bits < 16
    let layer = try group.calibrated("double-sparsity")
    let count = parameters.amount(Self.channels, of: group.headDim)
    func largest(_ weights: [Float]) -> [Int] { weights.bestFirst(count).sorted() }
    guard parameters.word(Self.labels) == "head" else {
      let shared = largest(layer.channelWeights[group.kvHead])
      channels = group.queryHeads.map { _ in shared }
      return
    }
    guard let own = layer.ownChannelWeights else {
      throw PolicyError(
        "double-sparsity: layer \(group.layer)", expected: "channel weights per query head",
        found: "none in the calibration, as earlier versions made it",
        advice: "calibrate again, or give labels=group")
    }
    channels = group.queryHeads.map { largest(own[$0]) }
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let width = channels.first?.count ?? 0
    let labels = channels.map { own in
      TokenTable("labels \(own) \(bits)", of: block.tables, width: width) { key, out in
        label(key, own, rounds: bits < 16, into: out)
      }
    }
    let queries = block.derivedQueries(width: width) { row, query, out in
      label(query, channels[row / block.steps.count], rounds: roundsQueries, into: out)
    }
    let scores = block.scores(labels, queries: queries, rows: row)
    return block.bestOf(choosesPerGroup ? block.summedOverGroup(scores) : scores)
  }

  private func label(
    _ vector: UnsafePointer<Float>, _ own: [Int], rounds: Bool, into out: UnsafeMutablePointer<Float>
  ) {
    for (index, c) in own.enumerated() { out[index] = vector[c] }
    if rounds { Quantised.round(out, count: own.count, bits: bits) }
  }

  private var row: StoredRow { .rounded(channels.first?.count ?? 0, bits: bits) }

  public func residentExtraBytesPerToken() -> (device: Int, host: Int) {
    (row.bytes * Set(channels).count, 0)
  }
}
