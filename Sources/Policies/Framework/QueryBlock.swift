import Attention
import Kernels

/// What one policy sees of a block of steps, and the only way for it to see it: every primitive
/// computes for the whole block and charges the bytes that a decoder would have moved, step by step.
public final class QueryBlock {
  public let shared: ScoredBlock
  /// The budget k of each step.
  public let budgets: [Int]
  public let guarded: Guard
  public private(set) var work = Work()

  public init(_ shared: ScoredBlock, budgets: [Int], guarded: Guard = Guard()) {
    self.shared = shared
    self.budgets = budgets
    self.guarded = guarded
  }

  public var group: GroupContext { shared.group }
  public var steps: [Step] { shared.steps }
  /// Visible tokens, summed over the steps.
  public var visibleTokens: Int { steps.reduce(0) { $0 + $1.visible.count } }

  /// `q · K` over all channels of all visible tokens: a stream over the keys, shared by a group.
  public func fullScores() -> ScoreMatrix {
    chargeKeys()
    chargeScores(writtenBy: .rows)
    return shared.fullScores()
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
    return shared.scores(channels: channels)
  }

  /// Every row the sum of its group's rows, in ascending order of query heads: one set per KV head.
  public func summedOverGroup(_ matrix: ScoreMatrix) -> ScoreMatrix {
    let result = shared.makeMatrix()
    for step in steps.indices {
      let first = result.row(step)
      for head in 0..<group.groupSize {
        let source = matrix.row(shared.row(head: head, step: step))
        for token in steps[step].visible {
          first[token] = head == 0 ? source[token] : first[token] + source[token]
        }
      }
      for head in 1..<max(group.groupSize, 1) {
        result.row(shared.row(head: head, step: step)).update(from: first, count: result.stride)
      }
    }
    return result
  }

  /// The budget's best tokens of every row, read back from the scores.
  public func best(_ matrix: ScoreMatrix) -> Selections {
    chargeScores(readBy: .select)
    let perRow = (0..<shared.rows).map { budgets[$0 % steps.count] }
    return shared.best(matrix, budgets: perRow, guarded: guarded)
  }

  /// The same of scores that no other policy asks for, and of budgets of one's own, one per row.
  ///
  /// - Parameter own: what is kept whatever its score, where that differs from step to step.
  func bestOf(_ matrix: ScoreMatrix, budgets own: [Int]? = nil, guarded each: ((Step) -> Guard)? = nil)
    -> Selections
  {
    chargeScores(readBy: .select)
    let guards = (0..<shared.rows).map { each?(steps[$0 % steps.count]) ?? guarded }
    return shared.topTokens(
      matrix, budgets: own ?? (0..<shared.rows).map { budgets[$0 % steps.count] }, guarded: guards)
  }

  /// k of a step of the block.
  func budget(of step: Step) -> Int {
    steps.firstIndex { $0.position == step.position }.map { budgets[$0] } ?? step.visible.count
  }

  /// A view of the same block for a policy within a policy; what it charges is charged here by `absorb`.
  func inner(budgets: [Int], guarded: Guard = Guard()) -> QueryBlock {
    QueryBlock(shared, budgets: budgets, guarded: guarded)
  }

  func absorb(_ inner: QueryBlock) { work.merge(inner.work) }

  /// For every row the smallest set that holds `share` of the exact attention mass.
  public func smallestSets(reaching share: Double) -> Selections {
    _ = fullScores()
    chargeScores(readBy: .topP)
    return shared.smallestSets(reaching: share)
  }

  /// Declares an operation beyond what a primitive emits, such as upkeep per new token.
  public func charge(
    _ operation: DecodeOperation, readPerHead: Int = 0, readGroupUnion: Int = 0, written: Int = 0
  ) {
    work.charge(
      operation, TrafficBytes(readPerHead: readPerHead, readGroupUnion: readGroupUnion, written: written))
  }
}

/// Where a partial score finds its channels.
public enum ChannelLayout: String, CaseIterable, Sendable {
  /// A side cache of each head's own channels.
  case packed
  /// A second copy of the keys, one plane per channel, that serves any head's choice.
  case planes
  /// The cache's own token-major rows: nothing extra is kept, and a channel is a strided gather.
  case rows
}
