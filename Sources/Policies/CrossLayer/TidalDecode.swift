/// Position-persistent selection (Yang et al., ICLR 2025).
///
/// Layers 0 and 1 attend to everything. One layer after them and a correction layer further on attend to everything too and
/// choose their k best tokens; the layers after each use its choice, query head by query head.
public struct TidalDecode: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "tidal",
    summary: "Lets two layers choose with full attention; the layers after each reuse its choice.",
    paper: "https://arxiv.org/abs/2410.05076", kind: .selection,
    parameters: [
      ParameterDescriptor(
        "first", .integer(0...1024), default: .integer(2),
        help: "first layer that chooses; those before are dense"),
      ParameterDescriptor(
        "correction", .amount, default: .amount(.share(0.41)),
        help: "layer that chooses again: its number, or a share of the depth; 13 of Llama-3's 32"),
    ], common: [.sinks, .recent, .denseLayers], scope: .model,
    cost: "all keys and values on choosing and dense layers, 4 bytes a chosen token on the others",
    notes: """
      Needs a trace that holds the choosing layers. Those move what dense attention moves, and the chosen numbers; the others read the \
      numbers, 4 bytes each.
      """)

  private let first: Int
  private let correction: Int
  private var shared = SharedChoice()

  public init(parameters: ParameterValues, group: GroupContext) {
    first = parameters.integer("first")
    correction = parameters.amount("correction", of: group.modelLayers)
  }

  public mutating func begin(layer groups: [GroupContext]) throws {
    let layer = groups.first?.layer ?? 0
    try shared.begin(
      layer, chooser: [first, correction].filter { $0 <= layer }.max(), policy: "tidal")
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    shared.choose(blocks) { block in block.best(block.fullScores()) }
  }
}

/// What a layer chose for the layers after it, step by step.
struct SharedChoice {
  private var layer = 0
  /// The layer whose choice the present one uses: itself, one before, or none, which is dense.
  private var chooser: Int?
  private var chosenBy: Int?
  /// `[KV head][step's number]`, a row per query head.
  private var sets: [[Int: [[Int32]]]] = []

  /// Whether the present layer chooses.
  var isChoosing: Bool { chooser == layer }

  /// - Throws: ``PolicyError`` where the chooser is not among the layers replayed.
  mutating func begin(_ layer: Int, chooser: Int?, policy: String) throws {
    self.layer = layer
    self.chooser = chooser
    guard let chooser, chooser != layer else {
      if chooser != nil { (sets, chosenBy) = ([], layer) }
      return
    }
    guard chosenBy == chooser else {
      throw PolicyError(
        """
        \(policy): layer \(layer) uses what layer \(chooser) chose, and that layer is not among those replayed: \
        replay it too (--layers), capture it, or leave the policy out
        """)
    }
  }

  /// Nil, which is everything, where the layer is dense or chooses itself.
  mutating func choose(_ blocks: [QueryBlock], _ choose: (QueryBlock) -> Selections) -> [Selections?] {
    guard let chooser else { return blocks.map { _ in nil } }
    while sets.count < blocks.count { sets.append([:]) }
    return blocks.enumerated().map { place, block in
      let heads = 0..<block.group.groupSize
      guard chooser == layer else {
        var result = Selections()
        for head in heads {
          for step in block.steps { result.appendRow(sets[place][step.index]?[head] ?? []) }
        }
        block.chargeChoice(result)
        return result
      }
      // A chooser attends to all, and so pays for scores once: its choice costs only what it writes.
      let inner = block.inner(budgets: block.budgets, guarded: block.guarded)
      let chosen = choose(inner)
      for (index, step) in block.steps.enumerated() {
        sets[place][step.index] = heads.map { Array(chosen[block.shared.row(head: $0, step: index)]) }
      }
      block.charge(.init(.metadata, .stream), written: chosen.tokens.count * 4)
      return nil
    }
  }
}

extension QueryBlock {
  /// Token numbers that another layer chose, read before the rows.
  func chargeChoice(_ chosen: Selections) {
    let bytes = chosen.tokens.count * 4
    charge(.init(.metadata, .stream), readPerHead: bytes, readGroupUnion: bytes)
  }
}
