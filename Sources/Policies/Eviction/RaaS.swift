import Attention
import Kernels

/// Reasoning-aware sparsity (Hu et al., 2025): the page goes that has not been important for longest.
///
/// A page is stamped with the step whenever the query finds it important by the bounds of its keys, as Quest has them; where
/// room is needed the page of the oldest stamp goes.
public struct RaaS: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "raas", summary: "Drops the page that has not been important to any query for longest.",
    paper: "https://arxiv.org/abs/2502.11147", kind: .eviction,
    parameters: [page, alpha, stamps, .scope], needs: [.promptWindow],
    cost: "2 d and 4 bytes a page held",
    notes: """
      By default the paper's rule as FreeKV's baseline has it: a page's weight is the softmax over the pages held of their unscaled bounds, averaged over the heads \
      where they share a set, and one above α is stamped; pages of one token are stamped by their attention. The authors' release knows no α: `stamps=rank` stamps the best half of k's pages, as it does. \
      The release hides pages instead of dropping them and attends to the best of those left; here they go, and all that is held is attended to. Of equal stamps the earlier page goes. Pages go whole, so that up to a page less \
      than k is held; the last page stays, and pages that hold sinks or recent tokens go last. Both assume a prompt that fits, or cut it token by token; here of a prompt beyond k the pages go whose best token the prompt's last \
      query attended to least. Where k is less than that, the latest tokens stay. FreeKV's pages begin after its sinks, and its sinks and recent tokens have no part of the softmax. Reads two bounds of every page held \
      and a 32-bit stamp, and keeps them up to date.
      """,
    alwaysKeeps: { "the last page, of up to \($0.integer(page)) tokens" })

  static let page = ParameterDescriptor.page(16)
  static let alpha = ParameterDescriptor(
    "alpha", .number(0...1), default: .number(1e-4), help: "α, weight above which a page is important")
  static let stamps = ParameterDescriptor(
    "stamps", .choice(["alpha", "rank"]), default: .word("alpha"),
    help: "which pages are stamped: those above α, or as released the best half of k's pages, one at least")

  private let page: Int
  private let alpha: Float
  private let isRanked: Bool
  private let keeping: Guard
  private let group: GroupContext
  public let choosesPerGroup: Bool
  private var cache: EvictionCache
  /// Tokens seen when it was last important, `[unit][page]`.
  private var stamps: [[Int]] = []
  /// The prompt's last query's attention to each page's best token, `[unit][page]`; empty once the first step has come.
  private var prior: [[Float]] = []

  public init(parameters: ParameterValues, group: GroupContext) throws {
    try group.require(width: 2 * group.headDim, for: "raas")
    page = parameters.integer(Self.page)
    alpha = Float(parameters.number(Self.alpha))
    isRanked = parameters.word(Self.stamps) == "rank"
    keeping = parameters.guarded
    choosesPerGroup = parameters.word(.scope) == "group"
    self.group = group
    cache = EvictionCache(group, perGroup: choosesPerGroup)
  }

  public mutating func observe(_ prompt: PromptView) {
    let count = (prompt.tables.tokens + page - 1) / page
    stamps = cache.units.map { _ in Array(repeating: 0, count: count) }
    prior = cache.units.map { unit in
      let weights = cache.heads(unit).map { prompt.lastAttention(head: $0) }.summed
      return (0..<count).map { number in
        (number * page..<(number + 1) * page).clamped(to: weights.indices).reduce(0) { max($0, weights[$1]) }
      }
    }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    let held = page == 1 ? nil : block.heldPages(bounds(block), queries: block.signedQueries(), rows: row)
    var record = EvictionRecord(block)
    var count = 0
    for (step, k) in block.budgets.enumerated() {
      for unit in cache.units {
        cache.join(unit, block.steps[step])
        makeRoom(unit, k)
        record.add(cache, unit: unit, step: step)
      }
      prior = []
      let pages = cache.units.map(pages)
      count += pages.reduce(0) { $0 + $1.count }
      let perHead = cache.units.flatMap { unit in cache.heads(unit).map { _ in pages[unit] } }
      let scores = held.map { block.scores($0, of: perHead, step: step) }
      for unit in cache.units {
        let own = cache.heads(unit).map { head in
          scores?[head] ?? block.attention(block.row(head: head, step: step), over: cache.kept[unit])
        }
        for place in important(own, k, block) {
          stamps[unit][pages[unit][place]] = block.steps[step].visible.upperBound
        }
      }
    }
    block.charge(
      DecodeOperation(.upkeep, .accumulate, .state, rowBytes: 4, bits: 32), readPerHead: count * 4,
      readGroupUnion: count * 4, written: count * 4)
    return record.selections
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let pages = cache.units.map(pages)
    let bounds = page == 1 ? 0 : Set(pages.joined()).count * row.bytes
    return (pages.reduce(0) { $0 + $1.count } * 4 + bounds, 0)
  }

  private var row: StoredRow { .vector(2 * group.headDim, like: group) }

  private func bounds(_ block: QueryBlock) -> PageTable {
    PageTable.bounds(of: block.tables, pageTokens: page)
  }

  private func pages(_ unit: Int) -> [Int] { cache.pages(unit, pageTokens: page) }

  /// Drops the pages of the oldest stamps.
  private mutating func makeRoom(_ unit: Int, _ k: Int) {
    let (stamps, prior) = (stamps[unit], prior.isEmpty ? nil : prior[unit])
    cache.shrinkByPages(unit, pageTokens: page, to: k, keeping: keeping) {
      (stamps[$0], prior?[$0] ?? 0, $0) < (stamps[$1], prior?[$1] ?? 0, $1)
    }
  }

  /// Places of the pages to be stamped.
  private func important(_ scores: [[Float]], _ k: Int, _ block: QueryBlock) -> [Int] {
    if isRanked {
      let sums = scores.summed
      return sums.bestFirst(max(1, k / page / 2))
    }
    let weights = scores.map { scores in
      var weights = scores
      // Of single tokens this is attention already.
      if page > 1 { block.kernels.softmax(&weights) }
      return weights
    }.summed
    return weights.indices.filter { weights[$0] / Float(scores.count) > alpha }
  }
}
