import Attention

/// A policy that anchor layers alone ask, as Kascade does with exact attention (arXiv 2512.16391): the layers after each take what it
/// chose, KV head by KV head.
///
/// An anchor writes a list of its tokens, best first, 4 bytes each, which the other layers read; they keep nothing to choose by.
struct Reusing: LayerPolicy {
  static let descriptor = PolicyDescriptor(name: "reusing", summary: "", kind: .selection, scope: .model)

  private let configuration: PolicyConfiguration
  private let anchors: [Int]
  private let asked: Budget?
  private let denseLayers: Int
  private var isDense = false
  /// Whether the layer after takes what this one chooses.
  private var isTaken = false
  private var shared: SharedChoice
  /// Of each KV head of an anchor, or one that chooses for all of them.
  private var bases: [any Policy] = []
  /// What the frame asks of every one of them.
  private let base: any Policy

  init(_ configuration: PolicyConfiguration, anchors: [Int], group: GroupContext) throws {
    self.configuration = configuration
    self.anchors = anchors
    asked = group.asked
    denseLayers = configuration.values.integer(.denseLayers)
    base = try configuration.ownChoice(for: group)
    shared = SharedChoice(denseLayers: denseLayers)
  }

  init(parameters: ParameterValues, group: GroupContext) throws {
    throw PolicyError(Self.descriptor.name, expected: "a policy that anchors ask", found: "none")
  }

  mutating func begin(layer groups: [GroupContext]) throws {
    let layer = groups.first?.layer ?? 0
    isDense = layer < denseLayers
    isTaken = layer + 1 < (groups.first?.modelLayers ?? 0) && chooser(of: layer + 1) == layer
    try shared.begin(layer, chooser: chooser(of: layer), policy: "policy '\(configuration.label)'")
    bases = try shared.isChoosing ? groups.map(begun) : []
    if var whole = bases.first as? any LayerPolicy {
      try whole.begin(layer: groups)
      bases = [whole]
    }
  }

  /// Nobody has chosen for the layers before the first anchor.
  private func chooser(of layer: Int) -> Int { anchors.filter { $0 <= layer }.max() ?? layer }

  private func begun(_ group: GroupContext) throws -> any Policy {
    var group = group
    group.asked = asked
    return try configuration.ownChoice(for: group)
  }

  mutating func observe(layer prompts: [PromptView]) throws {
    guard shared.isChoosing else { return }
    if var whole = bases.first as? any LayerPolicy {
      try whole.observe(layer: prompts)
      bases = [whole]
    } else {
      for (place, prompt) in prompts.enumerated() { try bases[place].observe(prompt) }
    }
  }

  mutating func takeUp(_ before: any LayerPolicy) {
    if let before = before as? Reusing { shared.takeUp(before.shared) }
  }

  mutating func choose(layer blocks: [QueryBlock]) throws -> [Selections?] {
    guard shared.isChoosing else {
      return shared.reuse(blocks, perGroup: choosesPerGroup, isWhole: isUnion)
    }
    let taps = blocks.map { _ in RankTap() }
    let chosen = try QueryBlock.asking(blocks, taps: taps) { inners in
      if var whole = bases.first as? any LayerPolicy {
        let chosen = try whole.choose(layer: inners)
        bases = [whole]
        return chosen
      }
      return try inners.indices.map { try bases[$0].choose(inners[$0]) }
    }
    for (place, block) in blocks.enumerated() { keep(chosen[place], taps[place].ranks, place: place, block) }
    return isDense ? blocks.map { _ in nil } : chosen
  }

  private var isUnion: Bool { configuration.granularity.sharing == .union }

  /// Keeps a KV head's choice for the layers after, and charges its lists: one, or one a query head.
  private mutating func keep(_ chosen: Selections?, _ ranks: RankTap.Ranks?, place: Int, _ block: QueryBlock)
  {
    let chosen = chosen ?? block.everything()
    for (index, step) in block.steps.enumerated() {
      let rows = (0..<block.group.groupSize).map { head in
        let row = block.row(head: head, step: index)
        guard let ranks else { return Array(chosen[row]) }
        return SharedChoice.ranked(
          chosen, block, ranks.matrix, row: row, pageTokens: ranks.pageTokens, guarded: ranks.guarded(step))
      }
      shared.keep(rows, place: place, step: step)
      // A list of all that a step sees is not needed, nor one that nobody reads.
      guard isTaken, !block.isCovered(index) else { continue }
      let written = choosesPerGroup ? rows[0].count : rows.reduce(0) { $0 + $1.count }
      block.charge(.list(.select), written: written * 4)
    }
  }

  // What the frame knows of the policy.
  func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    shared.isChoosing ? base.residentExtraBytes(tokens: tokens) : (0, 0)
  }
  var cacheTier: MemoryTier { base.cacheTier }
  func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    base.deviceTokens(of: step, budget: budget, guarded: guarded)
  }
  var sendsDecodedTokens: Bool { base.sendsDecodedTokens }
  var deviceKeyBytes: Int { shared.isChoosing ? base.deviceKeyBytes : 0 }
  var holdsChosenOnly: Bool { base.holdsChosenOnly }
  var readsChosenKeys: Bool { !shared.isChoosing || base.readsChosenKeys }
  var choosesPerGroup: Bool { base.choosesPerGroup }
  func pieceTokens(of step: Step, budget: Int) -> Int { base.pieceTokens(of: step, budget: budget) }
}
