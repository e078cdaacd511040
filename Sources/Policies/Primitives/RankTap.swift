/// What a policy ranked last in a block, for a choice that is coarser than its own.
final class RankTap {
  struct Ranks {
    /// A row per query head and step, a column per token or page.
    let matrix: ScoreMatrix
    /// Tokens of a column.
    let pageTokens: Int
    /// What is kept whatever its rank.
    let guarded: (Step) -> Guard
    /// Pages that are kept as far as k holds them.
    let leastPages: Int
  }

  private(set) var ranks: Ranks?

  func note(
    _ matrix: ScoreMatrix, pageTokens: Int = 1, leastPages: Int = 1, guarded: @escaping (Step) -> Guard
  ) {
    ranks = Ranks(matrix: matrix, pageTokens: pageTokens, guarded: guarded, leastPages: leastPages)
  }
}
