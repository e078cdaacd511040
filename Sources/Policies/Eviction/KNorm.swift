import Attention

/// Keys of small norm (Devoto et al., EMNLP 2024): the tokens whose keys are longest are dropped.
public struct KNorm: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "knorm", summary: "Drops the tokens whose keys are longest.",
    paper: "https://arxiv.org/abs/2406.11430", kind: .eviction,
    cost: "4 bytes a kept token",
    notes: """
      One set per KV head. Keeps a 32-bit norm per kept token; reads them where one must go, and writes the newest. The authors leave some first layers whole \
      (skip_layers): give dense-layers for that.
      """)

  private let keeping: Guard
  private var cache: EvictionCache

  public init(parameters: ParameterValues, group: GroupContext) {
    keeping = parameters.guarded
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    let before = cache.compared
    let d = block.group.headDim
    let shortness = block.tables.perToken("shortness") { _, key in
      -(0..<d).reduce(Float(0)) { $0 + key[$1] * key[$1] }.squareRoot()
    }
    let selections = cache.walk(block, budgets: block.budgets, keeping: keeping) { shortness[$1] }
    let bytes = (cache.compared - before) * 4
    block.charge(
      DecodeOperation(.select, .select, .state, rowBytes: 4, bits: 32), readPerHead: bytes,
      readGroupUnion: bytes)
    block.charge(
      DecodeOperation(.upkeep, .append, .state, rowBytes: 4, bits: 32), written: block.steps.count * 4)
    return selections
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) { (cache.bytes(perToken: 4), 0) }
}
