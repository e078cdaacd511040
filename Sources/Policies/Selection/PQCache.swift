import Attention
import Kernels

/// Product quantisation of keys (Zhang et al., SIGMOD 2025).
///
/// Keys are cut into m sub-vectors, each replaced by the number of the nearest of 2^b centroids, which k-means found in
/// the prompt; tokens are ranked by the query's products with the centroids. Part of the budget is the most recent
/// tokens.
public struct PQCache: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "pqcache",
    summary: "Ranks tokens by product-quantised keys; half the budget is the most recent tokens.",
    paper: "https://arxiv.org/abs/2407.12820", kind: .selection,
    parameters: [
      ParameterDescriptor("subvectors", .integer(1...64), default: .integer(2), help: "m, parts of a key"),
      ParameterDescriptor("bits", .integer(1...12), default: .integer(6), help: "b, bits of a part's code"),
      ParameterDescriptor(
        "recent-share", .number(0...1), default: .number(0.5),
        help: "share of k that is the most recent tokens"),
      ParameterDescriptor("rounds", .integer(0...100), default: .integer(10), help: "rounds of k-means"),
      ParameterDescriptor.sinks.defaulting(
        to: .integer(32), help: "first tokens always kept, counted in k, and left out of k-means"),
      ParameterDescriptor(
        "scope", .choice(["head", "group"]), default: .word("group"),
        help: "choose per query head, or one set per KV head, as the authors do"),
      .ranking,
    ], common: [.denseLayers],
    cost: "m b bits a token, 2^b d for the centroids; scores",
    notes: """
      Reads m codes a token and the centroids at every step; codes and centroids lie on the device with first and last tokens, other keys and values on the host. The softmax is over the tokens between. The authors' device also keeps blocks of tokens that were fetched often, which saves some of the link's bytes. k-means \
      begins at keys evenly apart in the prompt. Tokens of decode steps take the nearest of the prompt's centroids. \
      With `scope=head` output error is 0.153 for 0.168 on qa-4096 at 256 (recall 0.565 for 0.539) and 0.202 for 0.204 on prose-8192 (0.510 for 0.491), at 19 % 0.070 for 0.087 and 0.019 for 0.024; \
      with `ranking=sum` 0.172 and 0.198 at 256, 0.093 and 0.025 at 19 %.
      """,
    alwaysKeeps: { "the newest \($0.number("recent-share")) of k" })

  private let parts: Int
  private let bits: Int
  private let recentShare: Double
  private let rounds: Int
  private let sinks: Int
  private let isSoftmax: Bool
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    parts = min(parameters.integer("subvectors"), group.headDim)
    // k-means scores a part with a last channel of one.
    try group.require(width: (group.headDim + parts - 1) / parts + 1, for: "pqcache")
    try group.require(width: group.headDim, for: "pqcache")
    bits = parameters.integer("bits")
    recentShare = parameters.number("recent-share")
    rounds = parameters.integer("rounds")
    sinks = parameters.integer("sinks")
    isSoftmax = parameters.word("ranking") == "softmax"
    choosesPerGroup = parameters.word("scope") == "group"
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let tables = block.shared.tables
    let name = "pq \(parts) \(bits) \(rounds) \(sinks) \(group.promptTokens)"
    let approximate = tables.cached(name) { quantised(tables) }
    let table = TokenTable(name, of: tables, width: d) { token, out in
      out.update(from: approximate.pointer + token * d, count: d)
    }
    let queries = block.derivedQueries(width: d) { _, query, out in out.update(from: query, count: d) }
    let scores = block.scores(table, queries: queries, rows: row)
    // The products of a query's parts with all centroids, which the codes then look up.
    block.chargeMatrix(rows: 1 << bits)
    let ranks = choosesPerGroup && isSoftmax ? softmax(scores, block) : scores
    return block.bestOf(choosesPerGroup ? block.summedOverGroup(ranks) : ranks) { [self] step in
      kept(of: block.budget(of: step))
    }
  }

  private func kept(of k: Int) -> Guard { Guard(sinks: sinks, recent: Int(Double(k) * recentShare)) }

  /// Of every row over the tokens that are neither first nor last, which alone are chosen from.
  private func softmax(_ scores: ScoreMatrix, _ block: QueryBlock) -> ScoreMatrix {
    let result = block.shared.makeMatrix()
    for row in 0..<block.shared.rows {
      let k = block.budgets[row % block.steps.count]
      let middle = kept(of: k).split(block.shared.visible(row), budget: k).middle
      let weights = block.shared.softmax(Array(scores.scores(row, middle)))
      for (token, weight) in zip(middle, weights) { result.row(row)[token] = weight }
    }
    return result
  }

  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    let (sinks, _, recent) = kept(of: budget).split(step.visible, budget: budget)
    return [sinks, recent]
  }

  /// Every key with its parts replaced by centroids, `[tokens][headDim]`.
  private func quantised(_ tables: GroupTables) -> FloatBuffer {
    let d = group.headDim
    let prompt = max(1, min(group.promptTokens, tables.tokens))
    let first = min(sinks, prompt - 1)
    let result = FloatBuffer(count: tables.tokens * d)
    for part in 0..<parts {
      let channels = part * d / parts..<(part + 1) * d / parts
      let rows = FloatBuffer(count: tables.tokens * channels.count)
      for token in 0..<tables.tokens {
        (rows.pointer + token * channels.count).update(
          from: tables.keyRows.pointer + token * d + channels.lowerBound, count: channels.count)
      }
      let means = KMeans(
        rows.pointer + first * channels.count, rowCount: prompt - first, width: channels.count,
        centroids: 1 << bits, rounds: rounds, kernels: tables.kernels)
      let owner = means.nearest(
        KMeans.Points(rows.pointer, rowCount: tables.tokens, width: channels.count, kernels: tables.kernels))
      for token in 0..<tables.tokens {
        (result.pointer + token * d + channels.lowerBound).update(
          from: means.centroids.pointer + Int(owner[token]) * channels.count, count: channels.count)
      }
    }
    return result
  }

  private var row: StoredRow { .codes(parts, bits: bits) }
  private var centroidBytes: Int { (1 << bits) * group.keyRowBytes }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (tokens * row.bytes + centroidBytes, 0)
  }
}
