import Attention

/// Anchor layers that choose for the layers after them (Deshmukh et al., 2025).
///
/// An anchor reads all keys and keeps, for each KV head, the tokens of largest softmax weight, summed over its query heads. It attends to
/// them, the first layer to everything; each KV head of the layers up to the next anchor attends to the set of one of the anchor's heads.
public struct Kascade: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "kascade",
    summary:
      "Lets a few anchor layers choose by exact attention; the layers after each take its heads' sets.",
    paper: "https://arxiv.org/abs/2512.16391", kind: .selection,
    parameters: [
      anchor2, anchor3, anchor4, anchor5, heads, window,
      ParameterDescriptor.denseLayers.defaulting(to: .integer(1)),
    ], common: [.sinks, .recent], needs: [.promptWindow], scope: .model,
    cost: "every key on anchors, d a token; scores; 4 bytes a chosen token on the other layers",
    notes: """
      Needs a trace that holds the anchor layers. Layer 0 is an anchor and attends to everything; `dense-layers` leaves more layers so, and anchors among them choose for others all the same. An anchor writes and reads a score of every token and query head, and writes one list \
      of numbers a KV head, 4 bytes each, which each head that takes it reads. Of a list a layer uses what it sees itself, the best first, up to its own k. The authors' k is a tenth of the tokens, 128 at least. This is their form for decoding alone; their other one shares sets among 32 neighbouring queries of a prompt. \
      Weights are 32-bit here, theirs are rounded to the model's 16. Defaults are their anchors of Llama-3.1-8B, 0, 2, 8, 13 and 14 of 32 layers, as shares of the depth; Qwen3-8B's are 0, 2, 7, 14 and 23 of 36. They choose anchors by similarity and by how much attention changes the hidden state. \
      Which head takes which set they calibrate over 1,000 prompts; here the prompt's own last traced queries tell, in tiles of 32 of which a head favours 32 tokens and the tile's, or with `heads=same`, and where no query is traced, a head takes its own number's.
      """)

  static let anchor2 = anchor("anchor-2", .share(0.0625), "second anchor, the first being layer 0")
  static let anchor3 = anchor("anchor-3", .share(0.25), "third")
  static let anchor4 = anchor("anchor-4", .share(0.40625), "fourth")
  static let anchor5 = anchor("anchor-5", .share(0.4375), "fifth")
  static let heads = ParameterDescriptor(
    "heads", .choice(["mapped", "same"]), default: .word("mapped"),
    help: "take the set of the anchor's likest KV head, or of the one of the same number")
  static let window = ParameterDescriptor(
    "window", .integer(1...100_000), role: .promptQueries, default: .integer(64),
    help: "last queries of the prompt by which heads are told to be alike")

  private static func anchor(_ name: String, _ value: Budget, _ help: String) -> ParameterDescriptor {
    ParameterDescriptor(
      name, .amount, of: .layers, default: .amount(value),
      help: help + ": its layer's number, or a share of the depth; as another for none")
  }

  private let anchors: [Int]
  private let denseLayers: Int
  private let isMapped: Bool
  private let window: Int
  private var isDense = false
  private var shared: SharedChoice
  /// Of the last anchor.
  private var anchorHeads: HeadTiles?
  /// Of each KV head the anchor's whose set it takes; nil for its own number's.
  private var sources: [Int]?

  public init(parameters: ParameterValues, group: GroupContext) {
    anchors =
      [0]
      + [Self.anchor2, Self.anchor3, Self.anchor4, Self.anchor5].map {
        parameters.amount($0, of: group.modelLayers)
      }
    denseLayers = parameters.integer(.denseLayers)
    isMapped = parameters.word(Self.heads) == "mapped"
    window = parameters.integer(Self.window)
    shared = SharedChoice(denseLayers: denseLayers)
  }

  public var choosesPerGroup: Bool { true }
  /// An anchor has read all keys to choose.
  public var readsChosenKeys: Bool { !shared.isChoosing }

  public static func needs(_ parameters: ParameterValues) -> [PolicyDescriptor.Need] {
    parameters.word(heads) == "mapped" ? descriptor.needs : []
  }

  public mutating func begin(layer groups: [GroupContext]) throws {
    let layer = groups.first?.layer ?? 0
    isDense = layer < denseLayers
    sources = nil
    try shared.begin(layer, chooser: anchors.filter { $0 <= layer }.max(), policy: "kascade")
  }

  public mutating func observe(layer prompts: [PromptView]) {
    guard isMapped, shared.isChoosing || shared.isReusing else { return }
    let tiles = HeadTiles(prompts, window: window)
    if shared.isChoosing { anchorHeads = tiles } else { sources = anchorHeads.flatMap(tiles.likest) }
  }

  public mutating func takeUp(_ before: any LayerPolicy) {
    if let before = before as? Kascade { shared.takeUp(before.shared) }
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    guard shared.isChoosing else { return shared.reuse(blocks, perGroup: true, sources: sources) }
    return blocks.enumerated().map { place, block in
      let weights = weights(block, isDense ? block.scoresOfAttending() : block.fullScores())
      let chosen = block.bestOf(weights)
      for (index, step) in block.steps.enumerated() {
        let list = SharedChoice.ranked(chosen, block, weights, row: index)
        // A list of all that a step sees is not needed.
        if !block.isCovered(index) { block.charge(.list(.select), written: list.count * 4) }
        shared.keep(Array(repeating: list, count: block.group.groupSize), place: place, step: step)
      }
      return isDense ? nil : chosen
    }
  }

  /// Of every row the softmaxes of its group's heads, summed.
  private func weights(_ block: QueryBlock, _ scores: ScoreMatrix) -> ScoreMatrix {
    let each = block.makeMatrix()
    for row in 0..<block.rows {
      let visible = block.visible(row)
      let weights = block.softmax(Array(scores.scores(row, visible)))
      for (token, weight) in zip(visible, weights) { each.row(row)[token] = weight }
    }
    return block.summedOverGroup(each)
  }
}
