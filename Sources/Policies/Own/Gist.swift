import Attention
import Kernels

/// Clusters of like keys, read or taken for their means and spreads: a selector of our own.
///
/// As RetroInfer does, the best clusters of a KV head are read and the next are estimated. But a cluster is worth what its keys are
/// on average, which lie about their mean, and tokens that decoding adds join the clusters.
public struct Gist: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "gist",
    summary:
      "Reads the clusters of keys that are worth most, and estimates the next by their means and spreads.",
    kind: .selection,
    parameters: clustering, common: [.denseLayers], needs: [.promptWindow], ranks: .nothing,
    remembersSteps: true,
    cost: "d and 4 bytes a cluster, dv an estimated one, 4 bytes a chosen token",
    notes: """
      Ours, after RetroInfer. One set per KV head, its heads' softmaxes over the clusters summed. k-means is over the prompt's keys; a token that leaves the last ones joins the nearest cluster, whose mean, sum and spread it changes. \
      What exceeds k is cut from the last cluster, later tokens first. A cluster's tokens are taken for its mean key, with the logit raised by a share of |q|² · s² / 2, s² the mean squared distance of its keys a channel. The share is each KV head's own: of \
      0, 1/16, 1/8, 1/4, 1/2 and 1 of `spread` the one by which what is not read weighs what it should for the prompt's last 32 traced queries, or 0 where none is traced. \
      Clusters that a sliding window has left in part are not estimated. docs/closed-loop.md has what it gives in two live models.
      """)

  static let cluster = ParameterDescriptor(
    "cluster", .integer(1...4096), default: .integer(16), help: "tokens of a cluster on average")
  static let estimated = ParameterDescriptor(
    "estimated", .number(0...1), default: .number(0.25), help: "share of the clusters that is estimated")
  static let rounds = ParameterDescriptor(
    "rounds", .integer(0...100), default: .integer(10), help: "rounds of k-means")
  /// What clusters are made and estimated by.
  static let clustering = [
    cluster, estimated, rounds, Remnants.spread, ParameterDescriptor.sinks.defaulting(to: .integer(4)),
    ParameterDescriptor.recent.defaulting(to: .integer(16)),
  ]

  private let estimated: Double
  /// At most.
  private let spread: Float
  /// What the prompt's last queries make of it.
  private var fitted: Float = 0
  private let group: GroupContext
  private var clusters: JoinedClusters

  public init(parameters: ParameterValues, group: GroupContext) throws {
    // k-means scores keys with a last channel of one.
    try group.require(width: group.headDim + 1, for: "gist")
    estimated = parameters.number(Self.estimated)
    spread = Float(parameters.number(Remnants.spread))
    self.group = group
    clusters = JoinedClusters(parameters, group)
  }

  public static func corrects(_ parameters: ParameterValues) -> Bool { true }
  public var choosesPerGroup: Bool { true }
  public func pieceTokens(of step: Step, budget: Int) -> Int { 1 }

  public mutating func observe(_ prompt: PromptView) {
    let k = group.asked?.tokens(visible: group.promptTokens) ?? 0
    fitted = clusters.fittedSpread(prompt, most: spread, reading: k)
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var rows = [[Int32]](repeating: [], count: block.rows)
    var listed = rows
    var corrections = [OutputCorrection](repeating: OutputCorrection(), count: block.rows)
    for (index, step) in block.steps.enumerated() {
      let known = clusters.grown(to: step, block)
      let (sinks, middle, recent) = clusters.keeping.split(step.visible, budget: block.budgets[index])
      let logits = block.logits(known, step: index, spread: fitted)
      block.chargeScores(known.members.count * group.groupSize, writtenBy: .vectors, readBy: .select)
      let (chosen, order, taken) = known.best(
        worth(logits, block.kernels), among: middle,
        most: block.budgets[index] - sinks.count - recent.count)
      let others = order.dropFirst(taken)
        .prefix(Int((estimated * Double(known.members.count)).rounded()))
      let terms = block.terms(known, Array(others), logits: logits, step: index)
      let inOrder = chosen.ascending(within: middle)
      let all = sinks.map(Int32.init) + inOrder + recent.map(Int32.init)
      for head in 0..<group.groupSize {
        let row = block.row(head: head, step: index)
        (rows[row], listed[row]) = (all, inOrder)
        corrections[row].terms = terms[head]
      }
    }
    var result = Selections()
    var lists = Selections()
    for row in rows { result.appendRow(row) }
    for row in listed { lists.appendRow(row) }
    block.chargeLists(of: clusters.known, lists)
    result.corrections = corrections
    return result
  }

  /// Of each cluster what its keys weigh for the heads together.
  private func worth(_ logits: [[Float]], _ kernels: Kernels) -> [Float] {
    logits.map { logits in
      var weights = logits
      kernels.softmax(&weights)
      return weights
    }.summed
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let members = clusters.known.members
    let listed = members.reduce(0) { $0 + $1.count }
    return (members.count * (group.keyRowBytes + group.valueRowBytes + 12) + listed * 4, 0)
  }
}
