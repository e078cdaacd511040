import Attention

/// Tokens judged by the ones that follow (Liang et al., 2025), without any attention.
///
/// A partition's keys and values are brought to the range that each channel has in the next partition; the tokens stay whose
/// channels lie most unevenly in it.
public struct LagKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "lagkv",
    summary:
      "Keeps a share of each partition: the tokens that lie most unevenly in the range of the next one.",
    paper: "https://arxiv.org/abs/2504.04704", kind: .eviction,
    parameters: [
      ratio, lag, valueWeight,
      ParameterDescriptor.sinks.defaulting(to: .integer(16), help: "first tokens always kept"),
    ], common: [.denseLayers], usesBudget: false,
    cost: "two partitions of keys and values once a partition",
    notes: """
      Sizes its own sets: what is held grows with the text, at the rate `ratio`. One set per KV head. A token's score is the softmax, over its partition, of the deviation over channels of its \
      normalised key, and the same of its value. A partition is judged once the next one is whole, after that step has attended; the prompt's are judged before decoding. A channel whose range is one \
      number counts as zero, where the authors' code divides by zero. Partitions begin at the first token that the first step sees, after the sinks; of one that a sliding window has cut the same share of what is left stays. \
      kvpress ranks tokens within a partition and keeps the best ranks of all, to a budget. Keeps nothing beside the cache.
      """,
    alwaysKeeps: { "the last \($0.integer(lag)) tokens, and up to as many before them" })

  static let ratio = ParameterDescriptor(
    "ratio", .number(0...1), default: .number(0.5), help: "share of each partition that is kept")
  static let lag = ParameterDescriptor(
    "lag", .integer(1...100_000), default: .integer(1024), help: "tokens of a partition")
  static let valueWeight = ParameterDescriptor(
    "value-weight", .number(0...1000), default: .number(1), help: "weight of the values' part of a score")

  private let ratio: Double
  private let lag: Int
  private let valueWeight: Float
  private let sinks: Int
  private var cache: EvictionCache
  /// First token that is not judged; nil before the first step.
  private var start: Int?
  private let promptTokens: Int

  public init(parameters: ParameterValues, group: GroupContext) {
    ratio = parameters.number(Self.ratio)
    lag = parameters.integer(Self.lag)
    valueWeight = Float(parameters.number(Self.valueWeight))
    sinks = parameters.integer(.sinks)
    promptTokens = group.promptTokens
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var record = EvictionRecord(block)
    let rows = HeldRows(block.tables, block.group)
    for (index, step) in block.steps.enumerated() {
      cache.join(0, step)
      if start == nil {
        start = max(min(sinks, step.visible.upperBound), step.visible.lowerBound)
        // What the prompt had done before decoding began is not charged to decoding.
        _ = judge(rows, end: min(promptTokens, step.visible.upperBound))
      }
      record.add(cache, unit: 0, step: index)
      block.chargeHeld(keys: judge(rows, end: step.visible.upperBound), isWithValues: rows.hasValues)
    }
    return record.selections
  }

  /// Judges the partitions whose next one ends by `end`.
  ///
  /// - Returns: the rows that were read.
  private mutating func judge(_ rows: HeldRows, end: Int) -> Int {
    var read = 0
    while let first = start, end - first >= 2 * lag {
      start = first + lag
      let held = cache.kept[0].map(Int.init)
      let partition = held.filter { (first..<first + lag).contains($0) }
      let reference = held.filter { (first + lag..<first + 2 * lag).contains($0) }
      if partition.isEmpty || reference.isEmpty { continue }
      read += partition.count + reference.count
      let scores = rows.lagScores(of: partition, by: reference, valueWeight: valueWeight)
      let count = Int(ratio * Double(partition.count))
      let gone = Set(scores.bestFirst().dropFirst(count).map { partition[$0] })
      cache.drop(0) { gone.contains($0) }
    }
    return read
  }
}
