import Attention
import Kernels

/// What one policy sees of a block of steps, and the only way for it to see it: every primitive
/// computes for the whole block and charges the bytes that a decoder would have moved, step by step.
public final class QueryBlock: QueryRows {
  private let scored: ScoredBlock
  /// The budget k of each step.
  public let budgets: [Int]
  public let guarded: Guard
  public private(set) var work = Work()
  /// Who wants to know what is ranked here; nil for nobody.
  private let tap: RankTap?

  /// Of this file alone: to score keys.
  struct Leave { fileprivate init() {} }

  public convenience init(_ scored: ScoredBlock, budgets: [Int], guarded: Guard = Guard()) {
    self.init(scored, budgets: budgets, guarded: guarded, tap: nil)
  }

  private init(_ scored: ScoredBlock, budgets: [Int], guarded: Guard, tap: RankTap?) {
    self.tap = tap
    self.scored = scored
    self.budgets = budgets
    self.guarded = guarded
  }

  public var group: GroupContext { scored.group }
  public var steps: [Step] { scored.steps }
  public var kernels: Kernels { scored.kernels }
  public var queries: FloatBuffer { scored.queries }
  public var pool: BufferPool { scored.pool }
  var scratch: TopKScratch { scored.scratch }
  /// What policies derive from the group's keys.
  var tables: GroupTables { scored.tables }

  /// The value made of the block's queries under `name`, which must say everything else that it was made from. Whoever asks
  /// pays as if it were made for them.
  func cached<Value>(_ name: String, _ make: () -> Value) -> Value { scored.cached(name, make) }

  /// `q · K` over all channels of all visible tokens: a stream over the keys, shared by a group.
  public func fullScores() -> ScoreMatrix {
    chargeKeys(visibleTokens)
    chargeScores(writtenBy: .rows)
    return scored.fullScores()
  }

  /// What softmax is taken of, with the factor still to be applied: a stream over the keys whose results stay on the chip,
  /// for a kernel that attends as it goes.
  func streamedLogits() -> (matrix: ScoreMatrix, scale: Float) {
    chargeKeys(visibleTokens)
    return scored.logits()
  }

  /// The same where the layer attends to all that it sees, and so has read its keys: what is added is that scores are
  /// kept.
  func scoresOfAttending() -> ScoreMatrix {
    chargeScores(writtenBy: .rows)
    return scored.fullScores()
  }

  /// `q · K` over some channels of each head of the group, read from `layout`.
  public func scores(channels: [[Int32]], from layout: ChannelLayout) -> ScoreMatrix {
    let element = group.element.byteCount
    let perHead = channels.reduce(0) { $0 + $1.count }
    let union = Set(channels.joined()).count
    let read = visibleTokens * element
    // A row is what a head reads of a token: where heads read unlike many channels, as many as the mean.
    let rowBytes = element * max(1, (perHead + channels.count / 2) / max(channels.count, 1))
    func charge(_ content: TrafficContent, _ pattern: AccessPattern = .stream, union: Int) {
      self.charge(
        DecodeOperation(
          .score, .channels, content, rowBytes: rowBytes, bits: group.elementBits, pattern: pattern),
        readPerHead: read * perHead, readGroupUnion: read * union)
    }
    switch layout {
    // Each distinct channel list is a side cache of its own.
    case .packed: charge(.metadata, union: Set(channels).reduce(0) { $0 + $1.count })
    case .planes: charge(.metadata, union: union)
    case .rows: charge(.keys, .gather(rowBytes: element), union: union)
    }
    chargeScores(writtenBy: .channels)
    return scored.scores(channels: channels)
  }

  /// `q · K` over channels that every row names anew, read from a second copy of the keys, one plane per channel.
  ///
  /// - Parameter isKept: whether a channel counts, `[row][channel]`.
  func scores(isKept: [[Bool]]) -> ScoreMatrix {
    let (d, element) = (group.headDim, group.element.byteCount)
    var (perHead, union) = (0, 0)
    for (index, step) in steps.enumerated() {
      let heads = (0..<group.groupSize).map { isKept[row(head: $0, step: index)] }
      perHead += step.visible.count * heads.reduce(0) { $0 + $1.count { $0 } }
      union += step.visible.count * (0..<d).count { c in heads.contains { $0[c] } }
    }
    let kept = max(1, perHead / max(visibleTokens * group.groupSize, 1))
    charge(
      DecodeOperation(.score, .channels, .metadata, rowBytes: kept * element, bits: group.elementBits),
      readPerHead: perHead * element, readGroupUnion: union * element)
    chargeAppend(rowBytes: element, pieces: d)
    chargeScores(writtenBy: .channels)
    // The channels left out meet a query of zero, which adds nothing to the sum.
    return scored(
      by: derivedQueries(width: d) { row, query, out in
        for c in 0..<d { out[c] = isKept[row][c] ? query[c] : 0 }
      })
  }

  /// Products of keys and queries on a few axes of each query head, by keys that are kept once more along them.
  ///
  /// - Parameter axes: as many for each head, `[query head of the group][axis][channel]`.
  func scores(axes: [[[Float]]]) -> ScoreMatrix {
    let (d, rank) = (group.headDim, axes.first?.count ?? 0)
    let stored = StoredRow.vector(rank, like: group)
    let bytes = visibleTokens * stored.bytes * group.groupSize
    charge(
      stored.scoring(),
      readPerHead: bytes, readGroupUnion: bytes)
    chargeAppend(rowBytes: stored.bytes, pieces: group.groupSize)
    chargeMatrix(rows: rank, isShared: false)
    chargeScores(writtenBy: stored.kernel)
    // A product on r axes is the product of the key with the query's part in their span.
    return scored(
      by: derivedQueries(width: d) { row, query, out in
        for c in 0..<d { out[c] = 0 }
        for axis in axes[row / steps.count] {
          var along: Float = 0
          for c in 0..<d { along += axis[c] * query[c] }
          for c in 0..<d { out[c] += along * axis[c] }
        }
      })
  }

  private func scored(by queries: FloatBuffer) -> ScoreMatrix {
    let result = makeMatrix()
    scored.score(queries, span, into: result, for: Leave())
    return result
  }

  /// Scores of what a step sees by queries of other steps, all in one pass over the keys.
  ///
  /// - Parameter queries: `[rows][headDim]`
  func scores(by queries: FloatBuffer, rows: Int, at step: Step) -> ScoreMatrix {
    chargeKeys(step.visible.count)
    let result = ScoreMatrix(rows: rows, tokens: step.visible.upperBound, pool: pool)
    scored.score(queries, step.visible, into: result, for: Leave())
    return result
  }

  /// Softmax of a row over some of the tokens that it sees, normalised: the attention that is computed anyway over what
  /// is kept.
  func attention(_ row: Int, over tokens: [Int32]) -> [Float] {
    let (logits, scale) = scored.logits()
    let own = logits.row(row)
    var weights = tokens.map { own[Int($0)] }
    kernels.softmax(&weights, scale: scale)
    return weights
  }

  /// What a row's softmax over some tokens is of.
  func logits(_ row: Int, over tokens: [Int32]) -> [Float] {
    let (logits, scale) = scored.logits()
    let own = logits.row(row)
    return tokens.map { own[Int($0)] * scale }
  }

  /// What that softmax is of, the largest of the group's heads.
  func largestLogits(step: Int, over tokens: [Int32]) -> [Float] {
    scored.largestLogits(step: step, over: tokens)
  }

  /// For every row the smallest set that holds `share` of the exact attention mass.
  public func smallestSets(reaching share: Double) -> Selections {
    _ = fullScores()
    chargeScores(readBy: .topP)
    return scored.smallestSets(reaching: share)
  }

  /// The budget's best tokens of every row, read back from the scores.
  public func best(_ matrix: ScoreMatrix) -> Selections {
    chargeScores(readBy: .select)
    tap?.note(matrix) { [guarded] _ in guarded }
    return scored.best(matrix, budgets: rowBudgets, guarded: guarded)
  }

  /// The same of scores that no other policy asks for, and of budgets of one's own, one per row.
  ///
  /// - Parameter own: what is kept whatever its score, where that differs from step to step.
  func bestOf(_ matrix: ScoreMatrix, budgets own: [Int]? = nil, guarded each: ((Step) -> Guard)? = nil)
    -> Selections
  {
    chargeScores(readBy: .select)
    let guards = (0..<rows).map { each?(steps[$0 % steps.count]) ?? guarded }
    tap?.note(matrix) { [guarded] in each?($0) ?? guarded }
    return scored.topTokens(matrix, budgets: own ?? rowBudgets, guarded: guards)
  }

  /// What a policy's frame chooses by ranks that the policy has paid for.
  func notePages(_ scores: PageScores, least: Int, guarded own: ((Step) -> Guard)?) {
    tap?.note(scores.matrix, pageTokens: scores.pageTokens, leastPages: least) { [guarded] in
      own?($0) ?? guarded
    }
  }

  /// The best tokens of rows of ranks that are paid for.
  func tokens(of ranks: ScoreMatrix, guarded each: @escaping (Step) -> Guard) -> Selections {
    tap?.note(ranks, guarded: each)
    return scored.topTokens(
      ranks, budgets: rowBudgets, guarded: (0..<rows).map { each(steps[$0 % steps.count]) })
  }

  private var rowBudgets: [Int] { (0..<rows).map { budgets[$0 % steps.count] } }

  /// Asks a policy within a policy about the same block; what it charges is charged here.
  ///
  /// - Parameter tap: gets what the policy ranks.
  func asking<Answer>(
    budgets: [Int], guarded: Guard = Guard(), tap: RankTap? = nil, _ ask: (QueryBlock) throws -> Answer
  ) rethrows -> Answer {
    let inner = QueryBlock(scored, budgets: budgets, guarded: guarded, tap: tap)
    let answer = try ask(inner)
    absorb(inner)
    return answer
  }

  /// The same of a layer's KV heads together, whose ranks the taps get.
  static func asking<Answer>(
    _ blocks: [QueryBlock], taps: [RankTap], _ ask: ([QueryBlock]) throws -> Answer
  ) rethrows -> Answer {
    let inners = zip(blocks, taps).map {
      QueryBlock($0.scored, budgets: $0.budgets, guarded: $0.guarded, tap: $1)
    }
    let answer = try ask(inners)
    for (block, inner) in zip(blocks, inners) { block.absorb(inner) }
    return answer
  }

  /// A view of some of the steps, which charges for itself.
  func view(_ range: Range<Int>, for _: CoveredSteps.Leave) -> QueryBlock {
    QueryBlock(
      range == steps.indices ? scored : scored.some(range), budgets: Array(budgets[range]), guarded: guarded)
  }

  func absorb(_ inner: QueryBlock) { work.merge(inner.work) }

  /// Declares an operation beyond what a primitive emits, such as upkeep per new token.
  public func charge(
    _ operation: DecodeOperation, readPerHead: Int = 0, readGroupUnion: Int = 0, written: Int = 0
  ) {
    work.charge(
      operation, TrafficBytes(readPerHead: readPerHead, readGroupUnion: readGroupUnion, written: written))
  }
}
