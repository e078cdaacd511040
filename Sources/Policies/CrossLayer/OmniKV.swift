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
    parameters: [
      ParameterDescriptor(
        "filter-1", .number(0...1), default: .number(0.0625),
        help: "first filter layer as a share of the depth; 2 of 32"),
      ParameterDescriptor("filter-2", .number(0...1), default: .number(0.25), help: "second; 8 of 32"),
      ParameterDescriptor("filter-3", .number(0...1), default: .number(0.5625), help: "third; 18 of 32"),
      ParameterDescriptor(
        "window", .integer(1...100_000), default: .integer(16), help: "last queries that count"),
      ParameterDescriptor(
        "weights", .choice(["last", "uniform", "exponential"]), default: .word("uniform"),
        help: "the last query alone, all of the window alike, or each half as much as the next"),
      .recent.defaulting(to: .integer(16)),
    ], common: [.sinks, .denseLayers], needs: [.promptWindow], scope: .model,
    cost: "all keys and values on filter and dense layers, 4 bytes a chosen token on the others",
    notes: """
      Needs a trace that holds the filter layers. Keys and values of other layers lie on the host. The window begins with the prompt's last traced queries. A filter writes and reads \
      an attention value of every token and KV head, the largest of its heads, and writes one list of chosen numbers, 4 bytes each, that every layer after it reads. The authors keep the \
      window's and all decoded tokens beside k; here the last `recent`, counted in k. Of a list a layer uses what it sees itself, the best first, up to its own k.
      """)

  private let filters: [Int]
  private let window: Int
  private let weights: String
  private let guarded: Guard
  private var shared: SharedChoice
  /// Attention of the last queries, oldest first, each the largest over all heads of the layer: `[query][token]`.
  private var recent: [[Float]] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    filters = ["filter-1", "filter-2", "filter-3"].map {
      Int(parameters.number($0) * Double(group.modelLayers))
    }
    window = parameters.integer("window")
    weights = parameters.word("weights")
    guarded = parameters.guarded
    shared = SharedChoice(denseLayers: parameters.integer("dense-layers"))
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
    let chooser = filters.filter { $0 <= layer }.max()
    try shared.begin(layer, chooser: chooser, policy: "omnikv")
  }

  public mutating func observe(layer prompts: [PromptView]) {
    let heads = prompts.flatMap { prompt in
      (0..<(prompt.heads ?? 0)).map { prompt.windowAttention(head: $0, last: window) }
    }
    for query in (heads.first ?? []).indices {
      recent.append(largest(heads.map { $0[query] }))
    }
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    guard shared.isChoosing, let first = blocks.first else { return shared.reuse(blocks, perGroup: true) }
    for (index, step) in first.steps.enumerated() {
      let set = best(blocks, step: index, k: first.budgets[index])
      // One list serves the layer; of all that it sees none is needed.
      if !first.isCovered(index) { first.charge(.init(.metadata, .stream), written: set.count * 4) }
      for (place, block) in blocks.enumerated() {
        shared.keep(Array(repeating: set, count: block.group.groupSize), place: place, step: step)
      }
    }
    for block in blocks {
      let bytes = block.visibleTokens * 4
      block.charge(.init(.scores, .stream), readPerHead: bytes, readGroupUnion: bytes, written: bytes)
    }
    return blocks.map { _ in nil }
  }

  /// The best tokens of a step by the window's attention, those kept whatever it is and then the best first.
  private mutating func best(_ blocks: [QueryBlock], step: Int, k: Int) -> [Int32] {
    guard let first = blocks.first else { return [] }
    let visible = first.steps[step].visible
    let attention = blocks.flatMap { block -> [[Float]] in
      let all = visible.map(Int32.init)
      return (0..<block.group.groupSize).map {
        Array(repeating: 0, count: visible.lowerBound)
          + block.attention(block.shared.row(head: $0, step: step), over: all)
      }
    }
    recent.append(largest(attention))
    if recent.count > window { recent.removeFirst() }
    var sums = Array(repeating: Float(0), count: visible.upperBound)
    for (age, query) in recent.reversed().enumerated() {
      let weight: Float =
        weights == "uniform" || age == 0 ? 1 : weights == "last" || age > 60 ? 0 : 1 / Float(1 << age)
      if weight == 0 { break }
      for token in 0..<min(query.count, sums.count) { sums[token] += weight * query[token] }
    }
    let (sinks, middle, last) = guarded.split(visible, budget: k)
    let free = k - sinks.count - last.count
    let chosen = middle.sorted { (sums[$0], $1) > (sums[$1], $0) }.prefix(free)
    return (Array(sinks) + last.reversed() + chosen).map(Int32.init)
  }

  private func largest(_ heads: [[Float]]) -> [Float] {
    guard var result = heads.first else { return [] }
    for head in heads.dropFirst() {
      for token in result.indices { result[token] = max(result[token], head[token]) }
    }
    return result
  }
}
