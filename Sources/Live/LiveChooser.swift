import Policies
import Simulator

/// One configuration's policy in one layer: an object for each KV head, or one for all of them.
struct LiveChooser: Sendable {
  private let configuration: ReplayConfiguration
  private var own: [any Policy] = []
  private var shared: (any LayerPolicy)?
  /// Of each KV head: what was chosen, and what it is worth and moves.
  private(set) var states: [ConfigurationReplay]
  private let goesOnFromLayerBefore: Bool

  /// - Parameter before: the object of the layer before, which that of a policy for the whole model goes on from.
  /// - Throws: `PolicyError` where the policy lacks something.
  init(
    _ configuration: ReplayConfiguration, layer: LiveLayer, steps: [Step], before: LiveChooser?
  ) throws {
    self.configuration = configuration
    let store = layer.chosenFrom(configuration.policy)
    goesOnFromLayerBefore = configuration.policy.scope == .model
    let policies = try layer.groups.map {
      try configuration.policy.policy(for: $0, asked: configuration.budget)
    }
    // The first layers may be dense in place of a policy for the whole layer.
    if var policy = policies.first as? any LayerPolicy {
      if goesOnFromLayerBefore, let previous = before?.shared { policy = previous }
      try policy.begin(layer: layer.groups.map { $0.stored(as: configuration.policy.cacheFormat) })
      try policy.observe(layer: store.prompts)
      shared = policy
    }
    states = []
    for (group, policy) in zip(layer.groups, policies) {
      var state = ConfigurationReplay(
        configuration, policy: shared ?? policy, group: group, steps: steps,
        tokens: (store.caches.first?.keys.tokens ?? 0))
      if shared == nil { try state.observe(store.prompts[group.kvHead]) }
      states.append(state)
    }
  }

  /// Takes up what every layer's prompt told, which the last layer's object knows.
  mutating func takeUp(_ last: LiveChooser) {
    if var policy = shared, let known = last.shared {
      policy.takeUp(known)
      shared = policy
    }
  }

  /// Chooses for one step of all KV heads, and measures it.
  ///
  /// - Parameters:
  ///   - number: of the step, from 0.
  ///   - before: what chose in the layer before, at the same step.
  /// - Returns: of each KV head; nil for all visible tokens.
  mutating func step(_ blocks: [LiveBlock], number: Int, before: LiveChooser?) throws -> [Selections?] {
    let views = zip(states, blocks).map { $0.view(of: $1.chosenFrom(configuration.policy)) }
    let choices: [Selections?]
    if var policy = shared {
      if goesOnFromLayerBefore, let previous = before?.shared { policy.takeUp(previous) }
      choices = try policy.select(layer: views)
      shared = policy
    } else {
      var made: [Selections?] = []
      for place in states.indices { made.append(try states[place].choose(views[place])) }
      choices = made
    }
    for place in states.indices {
      states[place].record(
        choices[place], by: shared, view: views[place], firstStep: number, exact: blocks[place].exact,
        oracle: blocks[place].oracle, stored: blocks[place].stored)
    }
    return choices
  }
}
