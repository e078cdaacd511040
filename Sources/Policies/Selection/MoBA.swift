import Attention

/// Mixture of block attention, without training (Lu et al., 2025).
///
/// A chunk is represented by the mean of its keys, the last by that of the tokens there are. The query's own chunk always counts as one of the chosen.
public struct MoBA: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "moba", summary: "Keeps the query's own chunk and those whose mean key scores highest.",
    paper: "https://arxiv.org/abs/2502.13189", kind: .selection,
    parameters: [chunk, least, .scope], common: [.denseLayers],
    ranks: .pages, cost: "d a chunk",
    notes: """
      The authors train models with it; here it is put on models that were not, and at decode, where their released code attends densely. k holds the own chunk, as far as it is filled, and \
      then as many whole chunks as fit, so that a k of t chunks is the authors' top-k of t. Where `least-chunks` takes one that does not fit, it is cut, and where k cannot hold the own chunk, its newest tokens are kept. \
      The means of all chunks are read, the own one too, and a mean is written with each new token. `scope=group` is ours. Scores are in 32 bits, as the authors'.
      """,
    alwaysKeeps: { _ in "the query's own chunk" })

  static let chunk = ParameterDescriptor(
    "chunk", .integer(1...65536), default: .integer(512),
    help: "tokens of a chunk; the authors' example has 4096 and a top-k of 12, for longer texts")
  static let least = ParameterDescriptor(
    "least-chunks", .integer(0...4096), default: .integer(1),
    help: "chunks kept at least beside the own one, as far as k holds them; 0 as the authors have it")

  private let chunk: Int
  private let least: Int
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) {
    chunk = parameters.integer(Self.chunk)
    least = parameters.integer(Self.least)
    choosesPerGroup = parameters.word(.scope) == "group"
    self.group = group
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let table = PageTable.means(of: block.tables, pageTokens: chunk)
    let scores = block.scores(table, queries: block.queries, rows: .vector(group.headDim, like: group))
    let chunk = chunk
    return block.bestPages(choosesPerGroup ? block.summedOverGroup(scores) : scores, least: least) { step in
      Guard(recent: (step.visible.upperBound - 1) % chunk + 1)
    }
  }

  public func pieceTokens(of step: Step, budget: Int) -> Int { chunk }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    ((tokens + chunk - 1) / chunk * group.keyRowBytes, 0)
  }
}
