import Attention

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
      "\(policy): layer \(layer)", expected: "layer \(chooser), whose choice it uses, among those replayed",
      found: "it missing", advice: "replay it too, capture it, or leave the policy out")
  }

  /// Takes up what the layers before have chosen, where this one does not choose itself.
  mutating func takeUp(_ before: SharedChoice) {
    if !isChoosing { sets = before.sets }
  }

  /// What a row chose, best tokens first, those that are kept whatever their score before all others.
  ///
  /// - Parameters:
  ///   - pageTokens: tokens of a column of the scores.
  ///   - guarded: what is kept; nil for what the common parameters say.
  static func ranked(
    _ chosen: Selections, _ block: QueryBlock, _ scores: ScoreMatrix, row: Int, pageTokens: Int = 1,
    guarded: Guard? = nil
  ) -> [Int32] {
    let (sinks, _, recent) = (guarded ?? block.guarded).split(
      block.visible(row), budget: block.budgets[row % block.steps.count])
    let values = scores.row(row)
    let tokens = Array(chosen[row])
    let ranked = tokens.map { values[Int($0) / pageTokens] }.bestFirst().map { tokens[$0] }
    let kept = ranked.filter { sinks.contains(Int($0)) || recent.contains(Int($0)) }
    return kept + ranked.filter { !sinks.contains(Int($0)) && !recent.contains(Int($0)) }
  }

  /// Keeps what a step chose for the query heads of a KV head, best tokens first.
  mutating func keep(_ rows: [[Int32]], place: Int, step: Step) {
    while sets.count <= place { sets.append([:]) }
    sets[place][step.index] = rows
  }

  /// The choice of the layer before, cut to what each step of this one sees and to its k; nil, which is
  /// everything, where the layer is dense.
  ///
  /// - Parameters:
  ///   - perGroup: whether the heads of a KV head read one list.
  ///   - sources: of each KV head the one of the layer before whose choice it uses; nil for those of the same number.
  ///   - isWhole: whether a choice is of more than k tokens on purpose, and stays so.
  func reuse(_ blocks: [QueryBlock], perGroup: Bool, sources: [Int]? = nil, isWhole: Bool = false)
    -> [Selections?]
  {
    guard isReusing else { return blocks.map { _ in nil } }
    return blocks.enumerated().map { place, block in
      let source = sources?[place] ?? place
      let known = source < sets.count ? sets[source] : [:]
      var result = Selections()
      var read = 0
      for head in 0..<block.group.groupSize {
        for (index, step) in block.steps.enumerated() {
          let ranked = known[step.index]?[head] ?? []
          // A layer's sliding window may have left behind what another layer still saw.
          let seen = ranked.lazy.filter { step.visible.contains(Int($0)) }
            .prefix(isWhole ? ranked.count : block.budgets[index])
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
