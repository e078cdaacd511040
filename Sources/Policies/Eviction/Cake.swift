import Attention

/// Layers' budgets by how far and how unsteadily they look (Qin et al., ICLR 2025).
///
/// A layer gets the more of the model's budget the more its last prompt queries' attention disperses and shifts. In it tokens
/// stay that were attended to most, or most unsteadily; while decoding, the one goes that the last query attended to least.
public struct Cake: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "cake",
    summary: "Gives layers whose attention disperses and shifts more of the budget, and keeps such tokens.",
    paper: "https://arxiv.org/abs/2503.12491", kind: .eviction,
    parameters: [SnapKV.window, kernel, gamma, tau1, tau2, .sinks], common: [.denseLayers],
    needs: [.promptWindow], scope: .model, surveysPrompts: true,
    cost: "4 bytes a kept token, read and written",
    notes: """
      One set per KV head, of one size for a layer. Budgets are k per head on average over the layers of the trace, as all the model's layers do not lie there; first layers that stay dense are not among them. What is rounded off, or more than a layer sees, goes to the layers evenly from the first on. \
      A replay looks at every layer's prompt before the first decodes; where it is asked of layers one by one a layer shares with those so far. A share of the cache grows in the same proportions. The window's places are every layer's own. \
      A prompt token is worth the mean and γ times the variance over the window's queries, averaged over its neighbours; the decode steps' pool is over the tokens held. Room for a new token is made before it is attended to, by the query before, so that \
      no more than a layer's budget is ever held. The authors' code, of which a fork was read, has τ₁ and τ₂ for a few models at budgets of 1,024 and 128: 1.6 and 0.4, 1.6 and 0.6 for Llama-3.1-8B; 1.5 and 0.6, 0.4 and 0.6 for Qwen2.5-7B; 0.8 and 0.5, 1.0 and 0.8 for Mistral-0.3; 1 and 1 for others. \
      A head's recall is against the oracle at k, not at the layer's own budget.
      """,
    alwaysKeeps: { "the last \($0.integer(SnapKV.window)) tokens" })

  static let kernel = SnapKV.kernel.defaulting(
    to: .integer(5), help: "neighbours that scores are averaged over")
  static let gamma = ParameterDescriptor(
    "gamma", .number(0...1_000_000), default: .number(200), help: "γ, weight of the variance")
  static let tau1 = ParameterDescriptor(
    "tau1", .number(0.05...100), default: .number(1), help: "τ₁, temperature of the dispersion")
  static let tau2 = ParameterDescriptor(
    "tau2", .number(0.05...100), default: .number(1), help: "τ₂, temperature of the variance")

  private let window: Int
  private let kernel: Int
  private let gamma: Double
  private let tau: (dispersion: Double, variance: Double)
  private let sinks: Int
  private let promptTokens: Int
  private var layer: Int
  /// Logarithms of the layers' preferences, by layer.
  private var preferences: [Int: Double] = [:]
  /// Of each KV head of the layer.
  private var caches: [EvictionCache]
  /// `[KV head][token]`
  private var values: [[Float]] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    window = parameters.integer(SnapKV.window)
    kernel = parameters.integer(Self.kernel)
    gamma = parameters.number(Self.gamma)
    tau = (parameters.number(Self.tau1), parameters.number(Self.tau2))
    sinks = parameters.integer(.sinks)
    promptTokens = group.promptTokens
    layer = group.layer
    caches = [EvictionCache(group, perGroup: true)]
  }

  public var choosesPerGroup: Bool { true }

  public mutating func begin(layer groups: [GroupContext]) {
    layer = groups.first?.layer ?? layer
    caches = groups.map { EvictionCache($0, perGroup: true) }
  }

  public mutating func takeUp(_ before: any LayerPolicy) {
    guard let before = before as? Cake, before.preferences.count > preferences.count else { return }
    preferences = before.preferences
  }

  public mutating func observe(layer prompts: [PromptView]) {
    var (dispersion, variance) = (0.0, 0.0)
    values = prompts.map { prompt in
      let spreads = spreads(prompt)
      for spread in spreads {
        dispersion += spread.dispersion
        variance += spread.variances.reduce(0, +)
      }
      return worth(spreads, prompt)
    }
    preferences[layer] = LayerShares.logarithm(
      dispersion: dispersion, variance: variance, tau.dispersion, tau.variance)
  }

  /// First token of the window, which is kept itself.
  private var windowStart: Int { max(0, promptTokens - window) }

  /// Of each query head over the tokens before the window; none where no traced query lies in the window.
  private func spreads(_ prompt: PromptView) -> [WindowSpread] {
    let steps = (prompt.window?.steps ?? []).suffix(window)
    let first = steps.firstIndex { $0.position >= windowStart } ?? steps.endIndex
    guard first < steps.endIndex else { return [] }
    return prompt.tables.cached("window spreads \(window) \(windowStart)") {
      (0..<(prompt.heads ?? 0)).map { head in
        WindowSpread(
          Array(prompt.windowAttention(head: head, last: window).suffix(steps.endIndex - first)),
          tokens: min(windowStart, prompt.tables.tokens))
      }
    }
  }

  /// A value per token: above all others the later the token from the window on.
  private func worth(_ spreads: [WindowSpread], _ prompt: PromptView) -> [Float] {
    var result = (0..<prompt.tables.tokens).map { 0x1p40 + Float($0) * 0x1p20 }
    let end = min(windowStart, result.count)
    let pooled = spreads.map { spread in
      pool(zip(spread.means, spread.variances).map { Float($0 + gamma * $1) })
    }
    result.replaceSubrange(0..<end, with: pooled.isEmpty ? Array(prompt.recency.prefix(end)) : pooled.summed)
    return result
  }

  /// Mean over the neighbours about each place; what lies beyond the ends counts as zero.
  private func pool(_ scores: [Float]) -> [Float] {
    scores.indices.map { place in
      let near = (place - kernel / 2..<place - kernel / 2 + kernel).clamped(to: scores.indices)
      return scores[near].reduce(0, +) / Float(kernel)
    }
  }

  /// Tokens that the layer holds at a step of budget k.
  private func budget(_ k: Int, of step: Step) -> Int {
    let layers = preferences.keys.sorted()
    guard k > window, let place = layers.firstIndex(of: layer) else { return k }
    let shares = LayerShares.budgets(
      layers.map { preferences[$0] ?? -.infinity }, mean: k - window, most: step.visible.count - window)
    return window + shares[place]
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    let budgets = blocks.first.map { block in
      zip(block.budgets, block.steps).map { budget($0, of: $1) }
    }
    return blocks.indices.map { place in walk(blocks[place], place, budgets ?? []) }
  }

  private mutating func walk(_ block: QueryBlock, _ place: Int, _ budgets: [Int]) -> Selections {
    var record = EvictionRecord(block)
    let keeping = Guard(sinks: sinks, recent: window)
    for (index, step) in block.steps.enumerated() {
      caches[place].join(0, step)
      let worth = place < values.count ? values[place] : []
      caches[place].shrink(0, to: budgets[index], keeping: keeping) { $0 < worth.count ? worth[$0] : 0 }
      record.add(caches[place], unit: 0, step: index)
      look(block, place, step: index)
    }
    let selections = record.selections
    block.chargeState(selections, perGroup: true)
    return selections
  }

  /// Values by what a step's queries attend to: of the tokens held that will lie before the last ones at the next step.
  private mutating func look(_ block: QueryBlock, _ place: Int, step: Int) {
    guard place < values.count else { return }
    let kept = caches[place].kept[0]
    let weights = (0..<block.group.groupSize).map { head in
      let weights = block.attention(block.row(head: head, step: step), over: kept)
      return pool(Array(weights.prefix(max(0, kept.count + 1 - window))))
    }.summed
    for (token, weight) in zip(kept, weights) { values[place][Int(token)] = weight }
  }

  /// Of one KV head; the layer's heads on average, as one object chooses for all.
  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let all = caches.reduce(0) { $0 + $1.bytes(perToken: 4) }
    return ((all + caches.count - 1) / max(caches.count, 1), 0)
  }
}
