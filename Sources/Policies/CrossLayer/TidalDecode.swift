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
      Needs a trace that holds the choosing layers. Those move what dense attention moves, a score of every token and query head, and the chosen \
      numbers; the others read the numbers, 4 bytes each. Of a choice a layer uses what it sees itself, the best first, up to its own k.
      """)

  private let first: Int
  private let correction: Int
  private var shared: SharedChoice

  public init(parameters: ParameterValues, group: GroupContext) {
    first = parameters.integer("first")
    correction = parameters.amount("correction", of: group.modelLayers)
    shared = SharedChoice(denseLayers: parameters.integer("dense-layers"))
  }

  public mutating func begin(layer groups: [GroupContext]) throws {
    let layer = groups.first?.layer ?? 0
    try shared.begin(
      layer, chooser: [first, correction].filter { $0 <= layer }.max(), policy: "tidal")
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    guard shared.isChoosing else { return shared.reuse(blocks, perGroup: false) }
    for (place, block) in blocks.enumerated() {
      // The layer attends to all and so has read its keys: what a choice adds is that scores are kept and read.
      let inner = block.inner(budgets: block.budgets, guarded: block.guarded)
      let scores = inner.fullScores()
      let chosen = inner.best(scores)
      block.chargeScores(writtenBy: .rows)
      block.chargeScores(readBy: .select)
      // A list of all that a step sees is not needed.
      let listed = (0..<chosen.rows).filter { !block.isCovered($0 % block.steps.count) }
      block.charge(.list(.select), written: listed.reduce(0) { $0 + chosen.count($1) } * 4)
      for (index, step) in block.steps.enumerated() {
        let (sinks, _, recent) = block.guarded.split(step.visible, budget: block.budgets[index])
        let rows = (0..<block.group.groupSize).map { head -> [Int32] in
          let row = block.shared.row(head: head, step: index)
          let values = scores.row(row)
          let ranked = chosen[row].sorted { (values[Int($0)], $1) > (values[Int($1)], $0) }
          let kept = ranked.filter { sinks.contains(Int($0)) || recent.contains(Int($0)) }
          return kept + ranked.filter { !sinks.contains(Int($0)) && !recent.contains(Int($0)) }
        }
        shared.keep(rows, place: place, step: step)
      }
    }
    return blocks.map { _ in nil }
  }
}

/// What a layer chose for the layers after it, step by step.
struct SharedChoice {
  private let denseLayers: Int
  private var layer = 0
  /// The layer whose choice the present one uses: itself, one before, or none, which is dense.
  private var chooser: Int?
  private var chosenBy: Int?
  /// `[KV head][step's number]`, a row per query head, best tokens first.
  private var sets: [[Int: [[Int32]]]] = []

  init(denseLayers: Int) { self.denseLayers = denseLayers }

  /// Whether the present layer chooses, and so attends to all.
  var isChoosing: Bool { chooser == layer }
  /// Whether it uses what a layer before chose.
  var isReusing: Bool { chooser != nil && chooser != layer }

  /// A layer begins; one of the first `denseLayers` may choose for others and uses no choice itself.
  ///
  /// - Throws: ``PolicyError`` where the chooser is not among the layers replayed.
  mutating func begin(_ layer: Int, chooser: Int?, policy: String) throws {
    self.layer = layer
    self.chooser = chooser == layer || layer >= denseLayers ? chooser : nil
    if chooser == layer { (sets, chosenBy) = ([], layer) }
    guard isReusing, let chooser, chosenBy != chooser else { return }
    throw PolicyError(
      """
      \(policy): layer \(layer) uses what layer \(chooser) chose, and that layer is not among those replayed: \
      replay it too (--layers), capture it, or leave the policy out
      """)
  }

  /// Keeps what a step chose for the query heads of a KV head, best tokens first.
  mutating func keep(_ rows: [[Int32]], place: Int, step: Step) {
    while sets.count <= place { sets.append([:]) }
    sets[place][step.index] = rows
  }

  /// The choice of the layer before, cut to what each step of this one sees and to its k; nil, which is
  /// everything, where the layer is dense.
  ///
  /// - Parameter perGroup: whether the heads of a KV head read one list.
  func reuse(_ blocks: [QueryBlock], perGroup: Bool) -> [Selections?] {
    guard isReusing else { return blocks.map { _ in nil } }
    return blocks.enumerated().map { place, block in
      let known = place < sets.count ? sets[place] : [:]
      var result = Selections()
      var read = 0
      for head in 0..<block.group.groupSize {
        for (index, step) in block.steps.enumerated() {
          let ranked = known[step.index]?[head] ?? []
          // A layer's sliding window may have left behind what another layer still saw.
          let seen = ranked.lazy.filter { step.visible.contains(Int($0)) }.prefix(block.budgets[index])
          read += ranked.count * 4
          result.appendRow(seen.isEmpty ? [Int32(step.visible.upperBound - 1)] : seen.sorted())
        }
      }
      block.charge(
        .list(.select), readPerHead: read,
        readGroupUnion: perGroup ? read / max(block.group.groupSize, 1) : read)
      return result
    }
  }
}
