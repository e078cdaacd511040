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

  /// Lets the policies that ask for it look at one layer's prompt before any layer is replayed; layers come in ascending order.
  mutating func survey(_ tensors: LayerTensors) throws {
    let groups = kvHeads.map {
      inputs.replay(tensors, kvHead: $0, worker: ReplayWorker(kernels: kernels))
    }
    guard let first = groups.first else { return }
    for (index, configuration) in configurations.enumerated()
    where configuration.policy.descriptor.surveysPrompts {
      let policy = try configuration.policy.policy(for: first.group, asked: configuration.budget)
      guard policy is any LayerPolicy else { continue }
      var own = policies[index] ?? (policy as? any LayerPolicy)
      try own?.begin(layer: groups.map { $0.group.stored(as: configuration.policy.cacheFormat) })
      try own?.observe(layer: groups.map { $0.prompt(for: configuration.policy) })
      policies[index] = own
    }
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
        try own?.begin(layer: groups.map { $0.group.stored(as: configuration.policy.cacheFormat) })
        try own?.observe(layer: groups.map { $0.prompt(for: configuration.policy) })
        policies[index] = own
      }
      for (place, group) in groups.enumerated() {
        states[place].append(
          ConfigurationReplay(
            configuration, policy: isDense[index] ? policy : own ?? policy, group: group.group,
            steps: group.scored, tokens: group.keys.tokens, keepsDifferences: group.keepsOutputs,
            keepsChoices: group.keepsChoices))
      }
    }
    var outputs = groups.map {
      $0.keepsOutputs ? OutputVectors($0.group, steps: $0.scored.count) : nil
    }
    for range in first.warmUpBlocks {
      let blocks = groups.map { $0.choices(range) }
      for (index, configuration) in configurations.enumerated() where !isDense[index] {
        _ = try policies[index]?.select(
          layer: groups.indices.map { states[$0][index].view(of: blocks[$0].block(of: configuration.policy)) }
        )
      }
    }
    for range in first.scoredBlocks {
      let blocks = try groups.map { try $0.attended(range) }
      let oracles = blocks.map { OracleMeasures($0.exact, keepsDifferences: first.keepsOutputs) }
      for place in groups.indices {
        outputs[place]?.take(blocks[place].exact, firstStep: range.lowerBound - first.warmUp)
      }
      for (index, configuration) in configurations.enumerated() {
        let views = groups.indices.map {
          states[$0][index].view(of: blocks[$0].block(of: configuration.policy))
        }
        let choices =
          isDense[index]
          ? groups.map { _ in nil } : try policies[index]?.select(layer: views) ?? groups.map { _ in nil }
        for place in groups.indices {
          states[place][index].record(
            choices[place], by: isDense[index] ? nil : policies[index], view: views[place],
            firstStep: range.lowerBound - first.warmUp, exact: blocks[place].exact, oracle: oracles[place],
            stored: blocks[place].attention(of: configuration.policy))
        }
      }
    }
    let projected = projected(tensors, outputs: outputs.compactMap(\.self), states: states)
    return groups.indices.map { place in
      let group = groups[place]
      return ReplayedGroup(
        group: group.group,
        outcome: GroupOutcome(
          configurations: states[place].map { $0.finished() },
          denseTraffic: AttentionTraffic(group: group.group).dense(group.scored)),
        projected: place == 0 ? projected : [])
    }
  }

  /// - Parameter outputs: of each KV group; empty where they are not kept.
  private func projected(
    _ tensors: LayerTensors, outputs: [OutputVectors], states: [[ConfigurationReplay]]
  ) -> [LayerResult] {
    guard !outputs.isEmpty,
      let projection = OutputProjection(
        tensors, queryHeads: outputs.reduce(0) { $0 + $1.heads }, kernels: kernels)
    else { return [] }
    return projection.results(
      layer: tensors.layer,
      zip(outputs, states).map {
        GroupVectors(outputs: $0, differences: $1.compactMap(\.differences))
      })
  }
}
