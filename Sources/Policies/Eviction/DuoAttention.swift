import Attention

/// Retrieval heads and streaming heads (Xiao et al., ICLR 2025).
///
/// The KV heads that lose most without far tokens keep everything; the others keep the first and the most recent tokens.
public struct DuoAttention: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "duo-attention",
    summary: "Keeps everything on retrieval heads, and sinks and recent tokens on the others.",
    paper: "https://arxiv.org/abs/2410.10819", kind: .eviction,
    parameters: [
      retrieval,
      ParameterDescriptor.sinks.defaulting(to: .integer(128), help: "first tokens that streaming heads keep"),
      ParameterDescriptor.recent.defaulting(to: .integer(256), help: "last tokens that streaming heads keep"),
    ], common: [.denseLayers], needs: [.headStatistics], usesBudget: false,
    cost: "nothing",
    notes: """
      The authors find retrieval heads by training a gate per head on synthetic retrieval; here by calibration: the attention mass that a KV head has on some text outside \
      its first 128 and last 256 tokens. Sizes its own sets.
      """)

  static let retrieval = ParameterDescriptor(
    "retrieval", .number(0...1), default: .number(0.5),
    help: "share of the model's KV heads that keep everything")

  private let keeping: Guard
  private let isRetrieval: Bool
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) throws {
    keeping = parameters.guarded
    self.group = group
    let own = try group.calibrated("duo-attention").retrieval[group.kvHead]
    let layers = group.statistics?.layers ?? []
    let all = layers.flatMap { layer in
      layer.retrieval.enumerated().map { (layer: layer.layer, head: $0.offset, lost: $0.element) }
    }
    let before = all.filter {
      $0.lost > own || ($0.lost == own && ($0.layer, $0.head) < (group.layer, group.kvHead))
    }.count
    isRetrieval = Double(before) < (Double(all.count) * parameters.number(Self.retrieval)).rounded()
  }

  public var choosesPerGroup: Bool { true }

  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  public func choose(_ block: QueryBlock) -> Selections? {
    if isRetrieval { return nil }
    var result = Selections()
    for _ in 0..<group.groupSize {
      for step in block.steps {
        // Sinks are the text's first tokens, which a sliding window leaves behind.
        let sinks = step.visible.clamped(to: 0..<keeping.sinks)
        let first = max(step.visible.lowerBound, step.visible.upperBound - keeping.recent)
        let recent = max(first, sinks.upperBound)..<step.visible.upperBound
        result.appendRow(sinks, recent.isEmpty && sinks.isEmpty ? step.position..<step.position + 1 : recent)
      }
    }
    return result
  }
}
