import Attention

/// Recurrence of attention (Zhang et al., 2025): each token's longest gap between two important uses, and whether it has run out.
///
/// A token is important to a query that gives it at least α. It is worth the more, the less time has passed since in measure of its
/// longest gap, and the shorter that gap is.
public struct LazyEviction: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "lazy-eviction",
    summary: "Keeps the tokens whose longest gap between two important uses has not run out.",
    paper: "https://arxiv.org/abs/2506.15969", kind: .eviction,
    parameters: [window, alpha, .sinks, .scope], common: [.denseLayers], needs: [.promptWindow],
    cost: "8 bytes a kept token, read, and 4 written",
    notes: """
      Follows a copy of the authors' code: a token is worth 2 / (1 + exp(1 + age / (gap + 1e-5))) + 2 / (1 + exp(gap − 1)), age the steps since it was last important, the second part only where there is a \
      gap; so one that never was important again is worth nothing, and of equals the later goes. The authors let the cache grow by W and then cut it back, and keep every set per query head; here \
      tokens are judged every W steps, by the queries before, and go one by one in that order, so that no more than k are ever held. What is not judged yet stays, the last W before and what joined since, so that W is \
      at most a quarter of k. They never cut a prompt before W steps; here what exceeds k goes at once, by the attention of its last W traced queries, and no other use is made of the prompt's queries. Their state is \
      of the model's type: of 16 bits it rounds steps above 2,048, and ages above ten gaps are worth nothing; here it is exact. Where heads share a set, their mean weight counts. Reads and writes two 16-bit numbers per \
      kept token and step; keeps a 32-bit value beside them, written when tokens are judged and read where one must go. Sinks are ours.
      """,
    alwaysKeeps: { "the last \($0.integer(window)) tokens, at most a quarter of k, and those since then" })

  static let window = ParameterDescriptor(
    "window", .integer(1...100_000), role: .promptQueries, default: .integer(128),
    help: "W, steps after which tokens are judged, and last tokens always kept: 27, 52 or 95 in scripts")
  static let alpha = ParameterDescriptor(
    "alpha", .number(0...1), default: .number(1e-4),
    help: "α, weight from which a token is important; 5e-4 in the script for Llama")

  private let window: Int
  private let alpha: Float
  private let sinks: Int
  public let choosesPerGroup: Bool
  private var cache: EvictionCache
  /// By which tokens go until they are judged again, `[unit][token]`.
  private var values: [[Float]] = []
  private var uses: [[Use]] = []
  /// Decode steps so far, and at the last time that tokens were judged.
  private var (now, judged) = (0, 0)
  /// Tokens of the end of a unit's set that are not judged.
  private var fresh: [Int] = []

  struct Use {
    /// Step at which it was last important, or before its first.
    var last = 0
    var longestGap = 0

    mutating func note(_ step: Int) {
      longestGap = max(longestGap, step - last)
      last = step
    }

    func value(_ step: Int) -> Float {
      let age = 1 + Double(step - last) / (Double(longestGap) + 1e-5)
      return Float(Self.fading(age) + (longestGap == 0 ? 0 : Self.fading(Double(longestGap - 1))))
    }

    /// 2 / (1 + exp(x)) of a number of at least 0.
    private static func fading(_ x: Double) -> Double {
      let small = PortableMath.exp(-x)
      return 2 * small / (1 + small)
    }
  }

  public init(parameters: ParameterValues, group: GroupContext) {
    window = parameters.integer(Self.window)
    alpha = Float(parameters.number(Self.alpha))
    sinks = parameters.integer(.sinks)
    choosesPerGroup = parameters.word(.scope) == "group"
    cache = EvictionCache(group, perGroup: choosesPerGroup)
    fresh = cache.units.map { _ in 0 }
  }

  public mutating func observe(_ prompt: PromptView) {
    values = cache.units.map { unit in
      let votes = cache.heads(unit).flatMap { prompt.windowAttention(head: $0, last: window) }
      return votes.isEmpty ? prompt.recency : votes.summed
    }
    uses = values.map { $0.map { _ in Use() } }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var record = EvictionRecord(block)
    let before = cache.compared
    var written = 0
    for (step, k) in block.budgets.enumerated() {
      now += 1
      let due = min(window, max(1, k / 4))
      let isDue = now - judged >= due
      for unit in cache.units {
        let new = cache.join(unit, block.steps[step])
        for token in new { uses[unit][token].last = now - 1 }
        // Before the first step nothing but its own token is new.
        fresh[unit] = now == 1 ? due + 1 : fresh[unit] + new.count
        let own = values[unit]
        cache.shrink(unit, to: k, keeping: Guard(sinks: sinks, recent: fresh[unit])) { own[$0] }
        record.add(cache, unit: unit, step: step)
        note(unit, step, block)
        if isDue {
          for token in cache.kept[unit] { values[unit][Int(token)] = uses[unit][Int(token)].value(now) }
          fresh[unit] = due
          written += cache.kept[unit].count * 4
        }
      }
      if isDue { judged = now }
    }
    let selections = record.selections
    block.chargeState(selections, perGroup: choosesPerGroup)
    let read = (cache.compared - before) * 4
    block.charge(
      DecodeOperation(.select, .select, .state, rowBytes: 4, bits: 32), readPerHead: read,
      readGroupUnion: read, written: written)
    return selections
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) { (cache.bytes(perToken: 8), 0) }

  /// Remembers which of the tokens held are important to a step's query.
  private mutating func note(_ unit: Int, _ step: Int, _ block: QueryBlock) {
    let kept = cache.kept[unit]
    let heads = cache.heads(unit)
    let weights = heads.map { block.attention(block.row(head: $0, step: step), over: kept) }.summed
    for (token, weight) in zip(kept, weights) where weight / Float(heads.count) >= alpha {
      uses[unit][Int(token)].note(now)
    }
  }
}
