import Attention

/// Keys unlike the others (Park et al., 2025): the token goes whose key is most like the mean of the normalised keys.
public struct KeyDiff: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "keydiff", summary: "Drops the token whose key is most like the mean of those held.",
    paper: "https://arxiv.org/abs/2504.15364", kind: .eviction,
    cost: "all kept keys, their sum",
    notes: """
      One set per KV head. The mean is of the keys held when a token must go; after the prompt all go at once, by the prompt's mean. \
      Reads every kept key to compare where a token must go, and keeps their sum.
      """)

  private let keeping: Guard
  private let group: GroupContext
  private var cache: EvictionCache

  public init(parameters: ParameterValues, group: GroupContext) {
    keeping = parameters.guarded
    self.group = group
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var record = EvictionRecord(block)
    let d = group.headDim
    for (step, k) in block.budgets.enumerated() {
      cache.join(0, block.steps[step])
      if cache.kept[0].count > k {
        block.judge(k, by: .directions(block.tables)) { key in
          var mean = Array(repeating: Float(0), count: d)
          for token in cache.kept[0] { for c in 0..<d { mean[c] += key(Int(token))[c] } }
          cache.shrink(0, to: k, keeping: keeping) { token in
            -(0..<d).reduce(Float(0)) { $0 + key(token)[$1] * mean[$1] }
          }
        }
      }
      record.add(cache, unit: 0, step: step)
    }
    let selections = record.selections
    block.charge(
      DecodeOperation(.upkeep, .accumulate, .state, rowBytes: 4, bits: 32),
      readPerHead: block.steps.count * d * 4,
      readGroupUnion: block.steps.count * d * 4,
      written: block.steps.count * d * 4)
    return selections
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) { (group.headDim * 4, 0) }
}
