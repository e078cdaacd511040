import Attention
import Kernels

/// Filter layers that choose for the layers after them (Hao et al., ICLR 2025).
///
/// The layers before the first filter, and the filters, attend to everything. A filter adds up the attention of the last queries, of each the
/// largest over its heads, and the best tokens serve all heads of the layers up to the next filter.
public struct OmniKV: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "omnikv",
    summary: "Lets a few filter layers choose one set for all heads of the layers after them.",
    paper: "https://openreview.net/forum?id=ulCAPXYXfa", kind: .selection,
    parameters: [filter1, filter2, filter3, window, weights, queries, .recent.defaulting(to: .integer(16))],
    common: [.sinks, .denseLayers], needs: [.promptWindow], scope: .model,
    cost: "all keys and values on filter and dense layers, 4 bytes a chosen token on the others",
    notes: """
      Needs a trace that holds the filter layers. Keys and values of other layers lie on the host. The window begins with the prompt's last traced queries. A filter writes and reads \
      an attention value of every token and KV head, the largest of its heads, and writes one list of chosen numbers, 4 bytes each, that every layer after it reads. Of the softmax of a turned query the authors take the prompt's tokens before the window \
      alone, and later ones are here measured by the same sum. That pass over the keys is charged beside attending; `queries=kept` uses the attention that each query had when it was the newest, at no read: \
      with layer 7 as the filter of qa-4096 output error is 0.048 for 0.047 at 256 (recall 0.679 for 0.686), 0.0273 for 0.0270 at 19 % (0.707 for 0.711); with layer 5 of prose-8192 0.812 for 0.813 (0.621 for 0.619), 0.030 for 0.031 (0.699 for 0.696). The authors keep the \
      window's and all decoded tokens beside k; here the last `recent`, counted in k. Theirs is `recent=136` at 376 tokens for the last steps of qa-4096, which decodes 120: \
      with those filters (each 0.234) and over the last 16 steps (104-119) output error is, ours for theirs, 0.052 for 0.041 at 256 (recall 0.721 for 0.727), and 0.043 where k alone grows as much; on prose-8192 (each 0.168, steps 112-127, `recent=144` at 384) 0.905 for 0.882 and 0.883; at 19 % 0.031 for 0.030 and 0.022 for 0.022. Of a list a layer uses what it sees itself, the best first, up to its own k.
      """)

  static let filter1 = ParameterDescriptor(
    "filter-1", .number(0...1), default: .number(0.0625),
    help: "first filter layer as a share of the depth; 2 of 32")
  static let filter2 = ParameterDescriptor(
    "filter-2", .number(0...1), default: .number(0.25), help: "second; 8 of 32")
  static let filter3 = ParameterDescriptor(
    "filter-3", .number(0...1), default: .number(0.5625), help: "third; 18 of 32")
  static let window = ParameterDescriptor(
    "window", .integer(1...100_000), role: .promptQueries, default: .integer(16),
    help: "last queries that count")
  static let weights = ParameterDescriptor(
    "weights", .choice(["last", "uniform", "exponential"]), default: .word("uniform"),
    help: "the last query alone, all of the window alike, or each half as much as the next")
  static let queries = ParameterDescriptor(
    "queries", .choice(["turned", "kept"]), default: .word("turned"),
    help:
      "turn the window's queries to the current position and meet the keys anew, as the released code does, or keep the attention that each had"
  )

  private let filters: [Int]
  private let window: Int
  private let weights: String
  private let guarded: Guard
  private var shared: SharedChoice
  private let turnsQueries: Bool
  /// Attention of the last queries, oldest first, each the largest over all heads of the layer: `[query][token]`.
  private var recent: [[Float]] = []
  /// What takes its place where queries are turned to the current position.
  private var turned: TurnedWindow?

  public init(parameters: ParameterValues, group: GroupContext) {
    filters = [Self.filter1, Self.filter2, Self.filter3].map {
      Int(parameters.number($0) * Double(group.modelLayers))
    }
    window = parameters.integer(Self.window)
    weights = parameters.word(Self.weights)
    turnsQueries = parameters.word(Self.queries) == "turned"
    guarded = parameters.guarded
    shared = SharedChoice(denseLayers: parameters.integer(.denseLayers))
  }

  public var choosesPerGroup: Bool { true }
  public var cacheTier: MemoryTier { shared.isReusing ? .host : .device }

  /// Those that every list begins with; in a sliding window, what it sees of them.
  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    let (sinks, _, recent) = self.guarded.split(step.visible, budget: budget)
    return [sinks, recent]
  }

  public mutating func begin(layer groups: [GroupContext]) throws {
    let layer = groups.first?.layer ?? 0
    recent = []
    // Layers may rotate each by its own frequencies.
    turned =
      turnsQueries ? groups.first.map { TurnedWindow(size: weights == "last" ? 1 : window, group: $0) } : nil
    let chooser = filters.filter { $0 <= layer }.max()
    try shared.begin(layer, chooser: chooser, policy: "omnikv")
  }

  public mutating func observe(layer prompts: [PromptView]) {
    if turnsQueries {
      turned?.observe(prompts)
      return
    }
    let heads = prompts.flatMap { prompt in
      (0..<(prompt.heads ?? 0)).map { prompt.windowAttention(head: $0, last: window) }
    }
    for query in (heads.first ?? []).indices {
      recent.append(largest(heads.map { $0[query] }))
    }
  }

  public mutating func takeUp(_ before: any LayerPolicy) {
    if let before = before as? OmniKV { shared.takeUp(before.shared) }
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    guard shared.isChoosing, let first = blocks.first else { return shared.reuse(blocks, perGroup: true) }
    for (index, step) in first.steps.enumerated() {
      let set = best(blocks, step: index, k: first.budgets[index])
      // One list serves the layer; of all that it sees none is needed.
      if !first.isCovered(index) { first.charge(.list(.select), written: set.count * 4) }
      for (place, block) in blocks.enumerated() {
        shared.keep(Array(repeating: set, count: block.group.groupSize), place: place, step: step)
      }
    }
    for block in blocks {
      block.chargeScores(block.visibleTokens, writtenBy: .rows, readBy: .select)
    }
    return blocks.map { _ in nil }
  }

  /// The best tokens of a step by the window's attention, those kept whatever it is and then the best first.
  private mutating func best(_ blocks: [QueryBlock], step: Int, k: Int) -> [Int32] {
    guard let first = blocks.first else { return [] }
    let visible = first.steps[step].visible
    let recent = attention(blocks, step: step)
    var sums = Array(repeating: Float(0), count: visible.upperBound)
    for (age, query) in recent.reversed().enumerated() {
      let weight: Float =
        weights == "uniform" || age == 0 ? 1 : weights == "last" || age > 60 ? 0 : 1 / Float(1 << age)
      if weight == 0 { break }
      for token in 0..<min(query.count, sums.count) { sums[token] += weight * query[token] }
    }
    let (sinks, middle, last) = guarded.split(visible, budget: k)
    let free = k - sinks.count - last.count
    let chosen = Array(sums[middle]).bestFirst(free).map { middle.lowerBound + $0 }
    return (Array(sinks) + last.reversed() + chosen).map(Int32.init)
  }

  /// Attention of the window's queries at a step, oldest first: `[query][token]`.
  private mutating func attention(_ blocks: [QueryBlock], step: Int) -> [[Float]] {
    if turnsQueries {
      turned?.add(blocks, step: step)
      return turned?.attention(blocks, step: step) ?? []
    }
    let heads = blocks.flatMap { block -> [[Float]] in
      let visible = block.steps[step].visible
      return (0..<block.group.groupSize).map {
        Array(repeating: 0, count: visible.lowerBound)
          + block.attention(block.row(head: $0, step: step), over: visible.map(Int32.init))
      }
    }
    recent.append(largest(heads))
    if recent.count > window { recent.removeFirst() }
    return recent
  }

  private func largest(_ heads: [[Float]]) -> [Float] {
    guard var result = heads.first else { return [] }
    for head in heads.dropFirst() {
      for token in result.indices { result[token] = max(result[token], head[token]) }
    }
    return result
  }
}
