import Kernels

/// Consecutive steps of one KV group, with the score matrices computed so far: shared by all
/// policies of a replay, so that each product is computed once whoever asks for it.
///
/// A policy sees the block of a decode step through ``QueryBlock`` alone, which charges; it is handed the prompt's traced
/// queries as they are.
public final class ScoredBlock: QueryRows {
  public let group: GroupContext
  public let steps: [Step]
  public let kernels: Kernels
  private let keys: KeyPanels
  /// Shared by all blocks of the group.
  let tables: GroupTables
  public let queries: FloatBuffer
  let scratch: TopKScratch
  public let pool: BufferPool
  private var matrices: [[[Int32]]: ScoreMatrix] = [:]
  var capped: ScoreMatrix?
  var weights: ScoreMatrix?
  /// Each choice holds its matrix, so that an identity in a key cannot be used again.
  private var choices: [ChoiceKey: (matrix: ScoreMatrix, chosen: Selections)] = [:]

  /// By the names that say what they were made from.
  private var known: [String: Any] = [:]

  private struct ChoiceKey: Hashable {
    let matrix: ObjectIdentifier
    let budgets: [Int]
    let guarded: Guard
  }

  /// - Parameters:
  ///   - queries: `[group heads][steps][headDim]`
  ///   - tables: those of the group's other blocks, where it has any.
  ///   - pool: where matrices come from; one per worker.
  public init(
    group: GroupContext, steps: [Step], kernels: Kernels, keys: KeyPanels, queries: FloatBuffer,
    tables: GroupTables? = nil, pool: BufferPool = BufferPool(), scratch: TopKScratch = TopKScratch()
  ) {
    self.tables = tables ?? GroupTables(kernels: kernels, keys: keys)
    self.pool = pool
    self.scratch = scratch
    self.group = group
    self.steps = steps
    self.kernels = kernels
    self.keys = keys
    self.queries = queries
  }

  /// The value made of the block under `name`, which must say everything else that it was made from: what a policy ranks
  /// by is often the same whatever its budget.
  func cached<Value>(_ name: String, _ make: () -> Value) -> Value {
    if let found = known[name] as? Value { return found }
    let made = make()
    known[name] = made
    return made
  }

  /// `q · K` over the channels that each head of the group asks for, in ascending channel order.
  public func scores(channels: [[Int32]]) -> ScoreMatrix {
    if let known = matrices[channels] { return known }
    let result = makeMatrix()
    if let first = channels.first, channels.allSatisfy({ $0 == first }) {
      score(into: result, channelList: first, rows: 0..<rows)
    } else {
      for (head, list) in channels.enumerated() {
        score(into: result, channelList: list, rows: row(head: head, step: 0)..<row(head: head + 1, step: 0))
      }
    }
    matrices[channels] = result
    return result
  }

  /// The raw, unscaled `q · K` over all channels.
  public func fullScores() -> ScoreMatrix {
    scores(channels: Array(repeating: allChannels, count: group.groupSize))
  }

  private var allChannels: [Int32] { (0..<Int32(group.headDim)).map { $0 } }

  private func score(into matrix: ScoreMatrix, channelList: [Int32], rows: Range<Int>) {
    kernels.score(
      queries: queries.pointer + rows.lowerBound * group.headDim, rows: rows.count, keys: keys,
      channelList: channelList, tokens: span, into: matrix.row(rows.lowerBound), stride: matrix.stride)
  }

  /// Takes the scores of the newest tokens from a block of exact keys, where a cache of fewer bits still has those.
  ///
  /// - Parameter first: of each step.
  public func takeTail(of exact: ScoredBlock, from first: [Int]) {
    let (own, theirs) = (fullScores(), exact.fullScores())
    for row in 0..<rows {
      for token in first[row % steps.count]..<max(first[row % steps.count], visible(row).upperBound) {
        own.row(row)[token] = theirs.row(row)[token]
      }
    }
  }

  /// The best tokens of every row, `budgets[row]` of them, guarded ones first; ties go to the lower token.
  public func best(_ matrix: ScoreMatrix, budgets: [Int], guarded: Guard = Guard()) -> Selections {
    let key = ChoiceKey(matrix: ObjectIdentifier(matrix), budgets: budgets, guarded: guarded)
    if let known = choices[key] { return known.chosen }
    let result = topTokens(
      matrix, budgets: budgets, guarded: Array(repeating: guarded, count: matrix.rows))
    choices[key] = (matrix, result)
    return result
  }

  /// The same without keeping the matrix or the choice for who asks next.
  func topTokens(_ matrix: ScoreMatrix, budgets: [Int], guarded: [Guard]) -> Selections {
    var result = Selections()
    for row in 0..<matrix.rows {
      let k = budgets[row]
      let (head, middle, tail) = guarded[row].split(visible(row), budget: k)
      let free = k - head.count - tail.count
      result.appendRow(count: k) { out in
        for (i, token) in head.enumerated() { out[i] = Int32(token) }
        let chosen = out + head.count
        kernels.topK(matrix.scores(row, middle), k: free, into: chosen, scratch: scratch)
        for i in 0..<free { chosen[i] += Int32(middle.lowerBound) }
        for (i, token) in tail.enumerated() { out[head.count + free + i] = Int32(token) }
      }
    }
    return result
  }

  /// All channels of all keys scored by queries that are not the block's own, for whoever charges that.
  ///
  /// - Parameters:
  ///   - queries: `[matrix.rows][headDim]`
  ///   - tokens: those scored; the columns of others are left as they are.
  func score(
    _ queries: FloatBuffer, _ tokens: Range<Int>, into matrix: ScoreMatrix, for _: QueryBlock.Leave
  ) {
    kernels.score(
      queries: queries.pointer, rows: matrix.rows, keys: keys,
      channelList: allChannels,
      tokens: tokens, into: matrix.row(0), stride: matrix.stride)
  }

  /// A block of some of the steps, whose scores are let go with it.
  func some(_ range: Range<Int>) -> ScoredBlock {
    let width = range.count * group.headDim
    let some = FloatBuffer(count: group.groupSize * width)
    for head in 0..<group.groupSize {
      (some.pointer + head * width).update(from: query(row(head: head, step: range.lowerBound)), count: width)
    }
    return ScoredBlock(
      group: group, steps: Array(steps[range]), kernels: kernels, keys: keys, queries: some, tables: tables,
      pool: pool, scratch: scratch)
  }
}

extension ScoredBlock {
  /// Scores blocks of one KV head and the same steps, whose keys begin alike, in one pass over what they share; bits are
  /// those of ``fullScores()``.
  ///
  /// - Parameter shared: tokens, from the first on, whose keys are the same in all blocks.
  /// - Returns: the rows of all blocks, one after the other.
  public static func scoreTogether(_ blocks: [ScoredBlock], sharing shared: Int) -> ScoreMatrix? {
    guard let first = blocks.first else { return nil }
    let (span, width) = (first.span, first.rows * first.group.headDim)
    let all = ScoreMatrix(rows: blocks.count * first.rows, tokens: span.upperBound, pool: first.pool)
    let queries = FloatBuffer(count: blocks.count * width)
    for (place, block) in blocks.enumerated() {
      (queries.pointer + place * width).update(from: block.queries.pointer, count: width)
    }
    // A panel that holds tokens of a block's own is the block's own.
    let whole = shared / KeyPanels.panelTokens * KeyPanels.panelTokens
    let end = min(max(whole, span.lowerBound), span.upperBound)
    first.kernels.score(
      queries: queries.pointer, rows: all.rows, keys: first.keys, channelList: first.allChannels,
      tokens: span.lowerBound..<end, into: all.row(0), stride: all.stride)
    for (place, block) in blocks.enumerated() {
      let own = all.part(place * first.rows..<(place + 1) * first.rows)
      block.kernels.score(
        queries: block.queries.pointer, rows: own.rows, keys: block.keys, channelList: block.allChannels,
        tokens: end..<span.upperBound, into: own.row(0), stride: own.stride)
      block.matrices[Array(repeating: block.allChannels, count: block.group.groupSize)] = own
    }
    return all
  }
}
