import Attention

/// Clusters of a context's keys whose weight passes a threshold (Hooper et al., 2024).
///
/// The prompt's keys are clustered by direction. A key weighs what softmax would give it if every key were its cluster's centroid; all
/// keys of a cluster are read where that is above a threshold, which the prompt's last queries set so that a share of all keys stays
/// below it. Heads then differ in how much they read. The last of the prompt and decoded tokens are always attended to.
public struct SqueezedAttention: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "squeezed-attention",
    summary: "Reads all keys of the clusters whose softmax-like weight passes one threshold.",
    paper: "https://arxiv.org/abs/2411.09688", kind: .selection,
    parameters: [sparsity, threshold, clusters, rounds, window],
    common: [.denseLayers, .sinks], needs: [.observationWindow], usesBudget: false, scope: .layer,
    cost: "d and 4 bytes a cluster, 4 bytes a chosen token; scores",
    notes: """
      Sizes its own sets. Reads every centroid and size, and the chosen tokens' numbers. The threshold is the quantile of the keys' weights, each the mean over the window's traced queries, of all heads of a layer; the authors' is of all layers too, \
      which `threshold` takes where it is known. The quantile lies between neighbours in proportion, as their library's does by default; their script was not read. \
      k-means is on keys of length one, by distance, and begins at keys evenly apart; the authors begin by k-means++ and allow 300 rounds. Centroids are means of the keys as they are. Sizes are of whole clusters under a sliding window too. \
      Their context ends before the user's question, here the prompt's end stands for both: its last `window` tokens are not clustered. Decoded tokens never are. Their form with two levels of centroids is left out.
      """,
    alwaysKeeps: { "the prompt's last \($0.integer(window)) tokens and every decoded one" })

  static let sparsity = ParameterDescriptor(
    "sparsity", .number(0...1), default: .number(0.7),
    help: "share of the keys that weigh at most the threshold to the window's queries")
  static let threshold = ParameterDescriptor(
    "threshold", .number(0...1), default: .number(0),
    help: "the threshold itself, measured elsewhere; 0 for the one that the sparsity makes")
  static let clusters = ParameterDescriptor(
    "clusters", .amount, default: .amount(.share(0.05)),
    help: "clusters, or their share of the prompt's clustered tokens")
  static let rounds = ParameterDescriptor(
    "rounds", .integer(0...1000), default: .integer(20), help: "rounds of k-means at most")
  static let window = ParameterDescriptor(
    "window", .integer(1...100_000), role: .promptQueries, default: .integer(100),
    help: "last queries of the prompt that set the threshold; their tokens are not clustered")

  private let parameters: ParameterValues
  private let window: Int
  private let rounds: Int
  /// Above which a cluster is read.
  private var threshold: Double
  private let promptTokens: Int
  private let rowBytes: Int

  public init(parameters: ParameterValues, group: GroupContext) throws {
    // k-means scores keys with a last channel of one.
    try group.require(width: group.headDim + 1, for: "squeezed-attention")
    self.parameters = parameters
    window = parameters.integer(Self.window)
    rounds = parameters.integer(Self.rounds)
    threshold = parameters.number(Self.threshold)
    promptTokens = group.promptTokens
    rowBytes = group.keyRowBytes
  }

  public static func needs(_ parameters: ParameterValues) -> [PolicyDescriptor.Need] {
    parameters.number(threshold) > 0 ? [] : descriptor.needs
  }

  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  /// The prompt's tokens that are clustered.
  private func zone(of tokens: Int) -> Range<Int> {
    let end = min(promptTokens, tokens)
    let first = min(parameters.integer(.sinks), end)
    return first..<max(first, end - window)
  }

  private func count(_ zone: Range<Int>) -> Int {
    zone.isEmpty ? 0 : parameters.amount(Self.clusters, of: zone.count)
  }

  private func clusters(_ tables: GroupTables) -> KeyClusters {
    let zone = zone(of: tables.tokens)
    let count = count(zone)
    return tables.cached("clusters \(zone) \(count) \(rounds) direction", ofPrompt: true) {
      KeyClusters(tables, tokens: zone, count: count, rounds: rounds, by: .direction)
    }
  }

  public mutating func observe(layer prompts: [PromptView]) throws {
    guard parameters.number(Self.threshold) == 0 else { return }
    // Of every cluster and query head of the layer.
    var weights: [WeightedValue] = []
    for prompt in prompts {
      let queries = try prompt.requiredWindow("squeezed-attention")
      let clusters = clusters(prompt.tables)
      let last = queries.steps.indices.suffix(window)
      for head in 0..<queries.group.groupSize {
        var sums = clusters.members.map { _ in 0.0 }
        for step in last {
          let scores = clusters.scores(queries, queries.row(head: head, step: step))
          let each = clusters.keyWeights(queries.logits(of: scores), queries.kernels)
          for index in sums.indices { sums[index] += Double(each[index]) }
        }
        weights += zip(sums, clusters.members).map { WeightedValue($0 / Double(last.count), count: $1.count) }
      }
    }
    threshold = WeightedValue.quantile(weights, parameters.number(Self.sparsity))
  }

  public func choose(layer blocks: [QueryBlock]) -> [Selections?] { blocks.map(choose) }

  private func choose(_ block: QueryBlock) -> Selections {
    let zone = zone(of: block.tables.tokens)
    let clusters = clusters(block.tables)
    var (result, listed) = (Selections(), Selections())
    for (row, scores) in block.scores(clusters).enumerated() {
      let weights = clusters.keyWeights(block.logits(of: scores), block.kernels)
      let visible = block.visible(row)
      let chosen = weights.indices.filter { Double(weights[$0]) > threshold }
        .flatMap { clusters.members[$0] }.filter { visible.contains(Int($0)) }.ascending(within: visible)
      listed.appendRow(chosen)
      let (first, last) = (
        visible.clamped(to: 0..<zone.lowerBound), visible.clamped(to: zone.upperBound..<visible.upperBound)
      )
      result.appendRow(first.map(Int32.init) + chosen + last.map(Int32.init))
    }
    block.chargeLists(of: clusters, listed)
    return result
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let zone = zone(of: tokens)
    return (count(zone) * (rowBytes + 4) + zone.count * 4, 0)
  }
}
