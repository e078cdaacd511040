import Attention

/// Position-persistent selection (Yang et al., ICLR 2025).
///
/// Layers 0 and 1 attend to everything. One layer after them and a correction layer further on attend to everything too and
/// choose their k best tokens; the layers after each use its choice, query head by query head.
public struct TidalDecode: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "tidal",
    summary: "Lets two layers choose with full attention; the layers after each reuse its choice.",
    paper: "https://arxiv.org/abs/2410.05076", kind: .selection,
    parameters: [first, correction], common: [.sinks, .recent, .denseLayers], scope: .model,
    cost: "all keys and values on choosing and dense layers, 4 bytes a chosen token on the others",
    notes: """
      Needs a trace that holds the choosing layers. Those move what dense attention moves, a score of every token and query head, and the chosen \
      numbers; the others read the numbers, 4 bytes each. Of a choice a layer uses what it sees itself, the best first, up to its own k.
      """)

  static let first = ParameterDescriptor(
    "first", .integer(0...1024), default: .integer(2),
    help: "first layer that chooses; those before are dense")
  static let correction = ParameterDescriptor(
    "correction", .amount, of: .layers, default: .amount(.share(0.41)),
    help: "layer that chooses again: its number, or a share of the depth; 13 of Llama-3's 32")

  private let first: Int
  private let correction: Int
  private var shared: SharedChoice

  public init(parameters: ParameterValues, group: GroupContext) {
    first = parameters.integer(Self.first)
    correction = parameters.amount(Self.correction, of: group.modelLayers)
    shared = SharedChoice(denseLayers: parameters.integer(.denseLayers))
  }

  public mutating func begin(layer groups: [GroupContext]) throws {
    let layer = groups.first?.layer ?? 0
    try shared.begin(
      layer, chooser: [first, correction].filter { $0 <= layer }.max(), policy: "tidal")
  }

  public mutating func takeUp(_ before: any LayerPolicy) {
    if let before = before as? TidalDecode { shared.takeUp(before.shared) }
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    guard shared.isChoosing else { return shared.reuse(blocks, perGroup: false) }
    for (place, block) in blocks.enumerated() {
      let scores = block.scoresOfAttending()
      let chosen = block.best(scores)
      // A list of all that a step sees is not needed.
      let listed = (0..<chosen.rows).filter { !block.isCovered($0 % block.steps.count) }
      block.charge(.list(.select), written: listed.reduce(0) { $0 + chosen.count($1) } * 4)
      for (index, step) in block.steps.enumerated() {
        let rows = (0..<block.group.groupSize).map { head in
          SharedChoice.ranked(chosen, block, scores, row: block.row(head: head, step: index))
        }
        shared.keep(rows, place: place, step: step)
      }
    }
    return blocks.map { _ in nil }
  }
}
