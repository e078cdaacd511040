import Attention
import Kernels

/// Tokens ranked by what the trace holds of somebody else's scores: an indexer that was trained with the model, or one number
/// a token.
public struct Scored: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "scored", summary: "Keeps the tokens that scores from elsewhere rank first, which the trace holds.",
    kind: .selection, parameters: [by], needs: [.indexScores, .tokenScores],
    cost: "index: the indexer's channels a token, once a layer; token: nothing; scores",
    notes: """
      `by=index`: DeepSeek's lightning indexer, Σ w · ReLU(q · k) over its heads, one set for the layer; or, where its heads are not weighted, a head's q · k for each KV head, as MiniMax's is \
      (with `page=128`, which takes a page by its best token). Index keys are read once a layer, a KV head's share each, in the type in which the trace holds them; DeepSeek's engines keep \
      them in 8 bits. Kernel times are of as many index heads as the group has query heads. \
      `by=token`: KVzip's and the like: a number that does not change, so that with a fixed k what falls out never comes back, as if it were dropped; nothing is read to choose, and the memory \
      that dropping would free is not counted. How such tensors come into a trace is told in [capture.md](capture.md#scores-from-outside).
      """)

  static let by = ParameterDescriptor(
    "by", .choice(["index", "token"]), default: .word("index"),
    help: "an indexer's queries and keys, or a score of each token")

  private let isIndexed: Bool
  private let group: GroupContext

  public static func needs(_ parameters: ParameterValues) -> [PolicyDescriptor.Need] {
    parameters.word(by) == "index" ? [.indexScores] : [.tokenScores]
  }

  public static func hasOwnQueries(_ parameters: ParameterValues) -> Bool { true }

  public init(parameters: ParameterValues, group: GroupContext) {
    self.group = group
    isIndexed = parameters.word(Self.by) == "index"
  }

  public var choosesPerGroup: Bool { true }

  public func choose(_ block: QueryBlock) throws -> Selections? {
    if isIndexed { return try byIndex(block) }
    guard let scores = group.given.tokens else { throw missing("a score of each token") }
    let ranks = block.makeMatrix()
    for row in 0..<block.rows {
      let out = ranks.row(row)
      for token in block.visible(row) { out[token] = scores[token] }
    }
    return block.tokens(of: ranks) { _ in block.guarded }
  }

  private func byIndex(_ block: QueryBlock) throws -> Selections {
    guard let index = group.given.index else { throw missing("an indexer's queries and keys") }
    let keys = block.tables.cached("index keys", ofPrompt: false) {
      index.keys.withUnsafeBytes {
        block.kernels.packKeys(
          $0, element: .f32, tokens: index.keys.count / index.channels, channels: index.channels)
      }
    }
    let ranks = block.makeMatrix()
    for (place, step) in block.steps.enumerated() {
      guard let row = index.row(of: step) else {
        throw missing("an index query at position \(step.position)")
      }
      index.score(row, keys, step.visible, block, into: ranks.row(place))
      for head in 1..<max(group.groupSize, 1) {
        ranks.row(block.row(head: head, step: place)).update(from: ranks.row(place), count: ranks.stride)
      }
    }
    charge(block, index)
    return block.tokens(of: ranks) { _ in block.guarded }
  }

  /// A layer's pass over the index keys, of which a KV head has its share; where heads are weighted, so have its scores.
  private func charge(_ block: QueryBlock, _ index: IndexVectors) {
    let row = StoredRow.vector(index.channels, like: group)
    let read = block.visibleTokens * row.bytes / group.kvHeads
    block.charge(row.scoring(), readPerHead: read, readGroupUnion: read)
    block.chargeAppend(rowBytes: (row.bytes + group.kvHeads - 1) / group.kvHeads)
    let sets = index.weights == nil ? 1 : group.kvHeads
    block.chargeScores(block.visibleTokens / sets, writtenBy: row.kernel, readBy: .select)
  }

  private func missing(_ what: String) -> PolicyError {
    PolicyError(
      "scored: layer \(group.layer)", expected: what, found: "none", advice: "replay a trace that holds it")
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    guard isIndexed else { return (4 * tokens, 0) }
    let row = group.elementBits / 8 * (group.given.index?.channels ?? 0)
    return ((tokens * row + group.kvHeads - 1) / group.kvHeads, 0)
  }
}

extension IndexVectors {
  /// Scores of what a step sees by the traced query in a row.
  fileprivate func score(
    _ row: Int, _ panels: KeyPanels, _ visible: Range<Int>, _ block: QueryBlock,
    into out: UnsafeMutablePointer<Float>
  ) {
    let products = ScoreMatrix(rows: 1, tokens: visible.upperBound, pool: block.pool)
    for (head, own) in queries.enumerated() {
      own[row * channels..<(row + 1) * channels].withUnsafeBufferPointer { query in
        guard let query = query.baseAddress else { return }
        block.kernels.score(
          queries: query, rows: 1, keys: panels, channelList: Array(0..<Int32(channels)), tokens: visible,
          into: products.row(0), stride: products.stride)
      }
      let found = products.row(0)
      guard let weights else { return out.update(from: found, count: visible.upperBound) }
      let weight = weights[head][row]
      for token in visible {
        out[token] = (head == 0 ? 0 : out[token]) + weight * max(0, found[token])
      }
    }
  }
}
