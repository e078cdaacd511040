import Kernels

/// What one policy sees of a block of steps, and the only way for it to see it: every primitive
/// computes for the whole block and charges the bytes that a decoder would have moved, step by step.
public final class QueryBlock {
  public let shared: ScoredBlock
  /// The budget k of each step.
  public let budgets: [Int]
  public let guarded: Guard
  public private(set) var ledger = TrafficLedger()

  public init(_ shared: ScoredBlock, budgets: [Int], guarded: Guard = Guard()) {
    self.shared = shared
    self.budgets = budgets
    self.guarded = guarded
  }

  public var group: GroupContext { shared.group }
  public var steps: [Step] { shared.steps }
  /// Visible tokens, summed over the steps.
  public var visibleTokens: Int { steps.reduce(0) { $0 + $1.visible.count } }

  /// A 32-bit score of every query head and visible token, written by one kernel and read by the next.
  private var scoreBytes: Int { visibleTokens * 4 * group.groupSize }

  /// `q · K` over all channels of all visible tokens: a stream over the keys, shared by a group.
  public func fullScores() -> ScoreMatrix {
    let bytes = visibleTokens * group.keyRowBytes
    charge(.init(.keys, .stream), readPerHead: bytes * group.groupSize, readGroupUnion: bytes)
    charge(.init(.scores, .stream), written: scoreBytes)
    return shared.fullScores()
  }

  /// `q · K` over some channels of each head of the group, read from `layout`.
  public func scores(channels: [[Int32]], from layout: ChannelLayout) -> ScoreMatrix {
    let element = group.element.byteCount
    let perHead = channels.reduce(0) { $0 + $1.count }
    let union = Set(channels.joined()).count
    let read = visibleTokens * element
    switch layout {
    case .packed:
      // Each distinct channel list is a side cache of its own.
      let caches = Set(channels).reduce(0) { $0 + $1.count }
      charge(.init(.metadata, .stream), readPerHead: read * perHead, readGroupUnion: read * caches)
    case .planes:
      charge(.init(.metadata, .stream), readPerHead: read * perHead, readGroupUnion: read * union)
    case .rows:
      charge(
        .init(.keys, .gather(rowBytes: element)), readPerHead: read * perHead, readGroupUnion: read * union)
    }
    charge(.init(.scores, .stream), written: scoreBytes)
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
    charge(.init(.scores, .stream), readPerHead: scoreBytes, readGroupUnion: scoreBytes)
    let perRow = (0..<shared.rows).map { budgets[$0 % steps.count] }
    return shared.best(matrix, budgets: perRow, guarded: guarded)
  }

  /// The same of scores that no other policy asks for, and of budgets of one's own, one per row.
  ///
  /// - Parameter own: what is kept whatever its score, where that differs from step to step.
  func bestOf(_ matrix: ScoreMatrix, budgets own: [Int]? = nil, guarded each: ((Step) -> Guard)? = nil)
    -> Selections
  {
    charge(.init(.scores, .stream), readPerHead: scoreBytes, readGroupUnion: scoreBytes)
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

  func absorb(_ inner: QueryBlock) { ledger.merge(inner.ledger) }

  /// For every row the smallest set that holds `share` of the exact attention mass.
  public func smallestSets(reaching share: Double) -> Selections {
    _ = fullScores()
    charge(.init(.scores, .stream), readPerHead: scoreBytes, readGroupUnion: scoreBytes)
    return shared.smallestSets(reaching: share)
  }

  /// Declares bytes moved beyond what a primitive charges, such as upkeep per new token.
  public func charge(_ kind: TrafficKind, readPerHead: Int = 0, readGroupUnion: Int = 0, written: Int = 0) {
    ledger.charge(
      kind, TrafficBytes(readPerHead: readPerHead, readGroupUnion: readGroupUnion, written: written))
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
