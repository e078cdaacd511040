/// Tokens by what they add to the layer's output, and not by attention alone (Feng et al., 2025).
///
/// Half of the budget goes to the tokens with most votes, the other half to those whose votes times the length of their value
/// behind the output projection are largest.
public struct CriticalKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "criticalkv",
    summary: "SnapKV's votes, for half of the budget weighed by the length of the projected values.",
    paper: "https://arxiv.org/abs/2502.03805", kind: .eviction,
    parameters: SnapKV.voting + [.sinks, .scope, first, norm], common: [.denseLayers],
    needs: [.promptWindow, .valueNorms],
    cost: "nothing",
    notes: """
      A wrapper around other scores in its authors' code, in KVPress around any; here around SnapKV's, as their experiments have it, with KVPress's ε of 1e-4. The first half counts the window, which is kept \
      anyway. With `scope=group` votes are summed, and norms averaged, over the query heads, as KVPress has it. Halves are those of the k of the first step. Drops as snapkv does, and keeps what it keeps. \
      `norm=value` asks for no projection: the L1 norm of the value itself, after VATP (arXiv 2406.12335), which the trace always holds.
      """)

  static let first = ParameterDescriptor(
    "first-share", .number(0...1), default: .number(0.5), help: "share of k that votes alone decide")
  static let norm = ParameterDescriptor(
    "norm", .choice(["projected", "value"]), default: .word("projected"),
    help: "L1 norm of a token's value behind the output projection, or of the value itself")

  /// What keeps a token without votes from being worth nothing.
  private static let epsilon: Float = 1e-4

  private let votes: SnapVotes
  private let sinks: Int
  private let firstShare: Double
  private let isProjected: Bool
  private let group: GroupContext
  public let choosesPerGroup: Bool
  private var cache: EvictionCache
  /// `[unit][token]`: votes, and above them the window and what comes later.
  private var worth: [[Float]] = []
  /// `[unit][token before the window]`
  private var norms: [[Float]] = []
  private var isRanked = false

  public static func needs(_ parameters: ParameterValues) -> [PolicyDescriptor.Need] {
    parameters.word(norm) == "projected" ? descriptor.needs : [.promptWindow]
  }

  public init(parameters: ParameterValues, group: GroupContext) {
    self.group = group
    votes = SnapVotes(parameters, group)
    sinks = parameters.integer(.sinks)
    firstShare = parameters.number(Self.first)
    isProjected = parameters.word(Self.norm) == "projected"
    choosesPerGroup = parameters.word(.scope) == "group"
    cache = EvictionCache(group, perGroup: choosesPerGroup)
  }

  public mutating func observe(_ prompt: PromptView) throws {
    let end = min(votes.windowStart, prompt.tables.tokens)
    let heads = try norms(prompt.tables, before: end)
    worth = cache.units.map { votes.values(prompt, heads: cache.heads($0)) }
    norms = cache.units.map { unit in
      let own = cache.heads(unit)
      return own.map { heads[$0] }.summed.map { $0 / Float(own.count) }
    }
  }

  /// `[query head of the group][token]`
  private func norms(_ tables: GroupTables, before end: Int) throws -> [[Float]] {
    if !isProjected {
      let values = tables.values
      let own = (0..<end).map { values?.absoluteSum($0) ?? 1 }
      return Array(repeating: own, count: group.groupSize)
    }
    guard let given = group.given.valueNorms else {
      throw PolicyError(
        "criticalkv: layer \(group.layer)", expected: "norms of projected values", found: "none",
        advice: "replay a trace that holds them, or its output projections, or take norm=value")
    }
    return given.map { Array($0.prefix(end)) }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    if !isRanked, let k = block.budgets.first {
      isRanked = true
      for unit in cache.units { rank(unit, k: k) }
    }
    return cache.walk(block, budgets: block.budgets, values: worth, keeping: Guard(sinks: sinks))
  }

  /// Turns a unit's votes into places of one order, the best nearest to 1.
  private mutating func rank(_ unit: Int, k: Int) {
    let votes = Array(worth[unit].prefix(norms[unit].count))
    let all = votes.bestFirst()
    let first = min(all.count, max(0, Int(Double(k) * firstShare) - (group.promptTokens - votes.count)))
    let product = zip(votes, norms[unit]).map { ($0 + Self.epsilon) * $1 }
    let others = all[first...].sorted()
    let rest = others.map { product[$0] }.bestFirst().map { others[$0] }
    for (place, token) in (all[..<first] + rest).enumerated() {
      worth[unit][token] = Float(all.count - place) / Float(all.count)
    }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (cache.bytes(perToken: 4, before: group.promptTokens), 0)
  }
}
