/// What the KV heads of a layer attend to by the prompt's last queries, some at a time: by which heads of two layers are told to
/// be alike.
struct HeadTiles: Sendable {
  /// Queries of a tile.
  private static let size = 32
  /// Tokens that a head favours beside the tile's own, as the authors calibrate.
  private static let favoured = 32

  private struct Tile {
    /// Of each token the attention of all queries and query heads.
    let weights: [Float]
    /// The best of them, and the tile's own tokens, ascending.
    let tokens: [Int]

    func mass(_ tokens: [Int]) -> Double { tokens.reduce(0) { $0 + Double(weights[$1]) } }
  }

  /// `[KV head][tile]`
  private let heads: [[Tile]]

  /// - Parameters:
  ///   - prompts: of the KV heads of the layer.
  ///   - window: last queries that count.
  init(_ prompts: [PromptView], window: Int) {
    heads = prompts.map { prompt in
      let positions = (prompt.window?.steps ?? []).suffix(window).map(\.position)
      let attention = (0..<(prompt.heads ?? 0)).map { prompt.windowAttention(head: $0, last: window) }
      return stride(from: 0, to: positions.count, by: Self.size).map { start in
        let queries = start..<min(start + Self.size, positions.count)
        let weights = queries.flatMap { query in attention.map { $0[query] } }.summed
        let own = Set(positions[queries])
        let others = weights.indices.filter { !own.contains($0) }
        let best = others.map { weights[$0] }.bestFirst(Self.favoured).map { others[$0] }
        return Tile(weights: weights, tokens: own.union(best).sorted())
      }
    }
  }

  /// For each of these heads the one of an earlier layer whose favoured tokens hold most of what its own hold, on average over
  /// tiles; of equals the lowest. Nil where no queries tell.
  func likest(in earlier: HeadTiles) -> [Int]? {
    guard heads.allSatisfy({ !$0.isEmpty }), earlier.heads.allSatisfy({ !$0.isEmpty }) else { return nil }
    return heads.map { own in
      var (best, place) = (-1.0, 0)
      for (index, other) in earlier.heads.enumerated() {
        let shares = zip(own, other).map { $0.mass($1.tokens) / $0.mass($0.tokens) }
        let mean = shares.reduce(0, +) / Double(shares.count)
        if mean > best { (best, place) = (mean, index) }
      }
      return place
    }
  }
}
