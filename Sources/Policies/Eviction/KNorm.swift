/// Keys of small norm (Devoto et al., EMNLP 2024): the tokens whose keys are longest are dropped.
public struct KNorm: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "knorm", summary: "Drops the tokens whose keys are longest.",
    paper: "https://arxiv.org/abs/2406.11430", kind: .eviction,
    cost: "4 bytes a kept token",
    notes: "One set per KV head. Keeps a 32-bit norm per kept token; reads them, and writes the newest.")

  private let keeping: Guard
  private var cache: EvictionCache
  private var values: [Float] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    keeping = parameters.guarded
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func observe(_ prompt: PromptView) {
    let tables = prompt.tables
    values = tables.cached("key norms") {
      (0..<tables.tokens).map { token in -tables.key(token).reduce(Float(0)) { $0 + $1 * $1 }.squareRoot() }
    }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    let selections = cache.walk(block, budgets: block.budgets, values: [values], keeping: keeping)
    block.chargeNumbers(selections)
    return selections
  }
}

extension QueryBlock {
  /// A 32-bit number per token that a group keeps, read at every step; the newest is written.
  func chargeNumbers(_ selections: Selections) {
    let bytes = steps.indices.reduce(0) { $0 + selections.count($1) } * 4
    charge(.init(.state, .stream), readPerHead: bytes, readGroupUnion: bytes, written: steps.count * 4)
  }
}
