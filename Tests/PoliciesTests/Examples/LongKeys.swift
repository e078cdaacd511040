import Attention

@testable import Policies

/// Drops the tokens whose keys are shortest.
public struct LongKeys: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "long-keys", summary: "Drops the tokens whose keys are shortest.",
    paper: "https://example.org/the-paper", kind: .eviction,
    cost: "4 bytes a kept token",
    notes: "One set per KV head. Keeps a 32-bit length per kept token, and reads them where one must go.")

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
    let lengths = block.tables.perToken("lengths") { _, key in
      (0..<d).reduce(Float(0)) { $0 + key[$1] * key[$1] }
    }
    let selections = cache.walk(block, budgets: block.budgets, keeping: keeping) { lengths[$1] }
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
