import Kernels
import Policies
import Traces

/// Replays configurations whose policies choose for a layer's KV heads together, or for layers in turn.
struct LayerReplay {
  private let configurations: [ReplayConfiguration]
  private let inputs: GroupInputs
  private let kvHeads: Range<Int>
  private let kernels: Kernels
  /// What chose in the layers before, of each configuration.
  private var policies: [(any LayerPolicy)?]

  init(_ configurations: [ReplayConfiguration], inputs: GroupInputs, kvHeads: Range<Int>, kernels: Kernels) {
    self.configurations = configurations
    self.inputs = inputs
    self.kvHeads = kvHeads
    self.kernels = kernels
    policies = configurations.map { _ in nil }
  }

  /// Replays one layer; layers of one object come in ascending order.
  mutating func run(_ tensors: LayerTensors) throws -> [ReplayedGroup] {
    // A worker of its own each: all heads' keys are needed at once.
    let groups = kvHeads.map {
      inputs.replay(tensors, kvHead: $0, worker: ReplayWorker(kernels: kernels))
    }
    guard let first = groups.first else { return [] }
    var isDense: [Bool] = []
    // [group][configuration]
    var states: [[ConfigurationReplay]] = groups.map { _ in [] }
    for (index, configuration) in configurations.enumerated() {
      let policy = try configuration.policy.policy(for: first.group, asked: configuration.budget)
      isDense.append(!(policy is any LayerPolicy))
      // What chose in the layer before goes on choosing, where the scope is the model.
      var own = policies[index] ?? (policy as? any LayerPolicy)
      if !isDense[index] {
        try own?.begin(layer: groups.map(\.group))
        try own?.observe(layer: groups.map(\.prompt))
        policies[index] = own
      }
      for (place, group) in groups.enumerated() {
        states[place].append(
          ConfigurationReplay(
            configuration, policy: isDense[index] ? policy : own ?? policy, group: group.group,
            steps: group.scored, tokens: group.keys.tokens))
      }
    }
    for range in first.warmUpBlocks {
      let blocks = groups.map { $0.block(range) }
      for index in configurations.indices where !isDense[index] {
        _ = try policies[index]?.select(layer: groups.indices.map { states[$0][index].view(of: blocks[$0]) })
      }
    }
    for range in first.scoredBlocks {
      let blocks = groups.map { $0.block(range) }
      let exact = try zip(blocks, groups).map { try ExactAttention($0, values: $1.values) }
      let oracles = exact.map { OracleMeasures($0) }
      for index in configurations.indices {
        let views = groups.indices.map { states[$0][index].view(of: blocks[$0]) }
        let choices =
          isDense[index]
          ? groups.map { _ in nil } : try policies[index]?.select(layer: views) ?? groups.map { _ in nil }
        for place in groups.indices {
          states[place][index].record(
            choices[place], by: isDense[index] ? nil : policies[index], view: views[place],
            firstStep: range.lowerBound - first.warmUp, exact: exact[place], oracle: oracles[place])
        }
      }
    }
    return zip(groups, states).map { group, states in
      ReplayedGroup(
        group: group.group,
        outcome: GroupOutcome(
          configurations: states.map(\.outcome),
          denseTraffic: AttentionTraffic(group: group.group).dense(group.scored)))
    }
  }
}
