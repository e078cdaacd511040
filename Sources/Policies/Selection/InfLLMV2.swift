import Attention

/// Blocks found by overlapping windows of mean keys, without training (InfLLM-V2, 2025).
///
/// Each query head's softmax over the windows is summed over the heads of the group, and a block is worth its best window, of
/// those that overlap it. The first blocks and the last ones are always kept.
public struct InfLLMV2: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "infllm-v2",
    summary:
      "Keeps first and last blocks, and those that touch the best of overlapping windows of mean keys.",
    paper: "https://arxiv.org/abs/2509.24663", kind: .selection,
    parameters: [size, stride, block, initial, local], common: [.denseLayers],
    ranks: .pages, cost: "d a window",
    notes: """
      The authors train models with it; here it is put on models that were not. One set per KV head. Only whole windows count; a block that none touches comes last. A window's mean is kept beside the cache, and \
      made anew from its keys at the step that fills it. k is rounded down to whole blocks beside those always kept, which count in k, to one at least, and what exceeds it is cut; where k cannot hold first and last blocks, first tokens come first. \
      The last blocks count the own, unfinished one: newer code forces them, as here, while older code leaves them to a sliding window of as many tokens. A window between two blocks counts in both, which then tie. \
      The authors sum and pool weights in 16 bits, where ties are common, and here in 32. Newer code takes the softmaxes' denominators from a four times coarser set of windows; here they are exact. Below `dense_len`, 8192 tokens, the authors attend densely; here no text is too short.
      """,
    alwaysKeeps: {
      "the first \($0.integer(initial)) blocks and the last ones (local=\($0[local]?.description ?? ""))"
    })

  static let size = ParameterDescriptor(
    "kernel-size", .integer(1...4096), default: .integer(32), help: "tokens of a window")
  static let stride = ParameterDescriptor(
    "kernel-stride", .integer(1...4096), default: .integer(16), help: "tokens from one window to the next")
  static let block = ParameterDescriptor(
    "block", .integer(1...4096), default: .integer(64), help: "tokens of a block")
  static let initial = ParameterDescriptor(
    "init-blocks", .integer(0...4096), default: .integer(1), help: "first blocks always kept")
  static let local = ParameterDescriptor(
    "local", .amount, default: .amount(.share(0.344)),
    help:
      "last tokens always kept, in whole blocks, the own one among them: a count, or a share of k; the authors' 33 of 96 blocks"
  )

  private let size: Int
  private let stride: Int
  private let page: Int
  private let initial: Int
  private let local: Budget
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    size = parameters.integer(Self.size)
    stride = parameters.integer(Self.stride)
    page = parameters.integer(Self.block)
    initial = parameters.integer(Self.initial)
    if case .amount(let amount)? = parameters[Self.local] {
      local = amount
    } else {
      local = .share(0.344)
    }
    self.group = group
  }

  public var choosesPerGroup: Bool { true }

  public func choose(_ block: QueryBlock) -> Selections? {
    let table = WindowTable(of: block.tables, size: size, stride: stride)
    let scores = block.scores(table)
    let last = (block.span.upperBound + page - 1) / page
    let pooled = ScoreMatrix(rows: block.rows, tokens: last, pool: block.pool)
    var pages = 0
    for (index, step) in block.steps.enumerated() {
      let windows = table.windows(step.visible)
      let rows = (0..<group.groupSize).map { block.row(head: $0, step: index) }
      let weights =
        windows.isEmpty ? [] : rows.map { block.softmax(Array(scores.scores($0, windows))) }.summed
      let seen = step.visible.lowerBound / page..<(step.visible.upperBound + page - 1) / page
      for page in seen {
        let best = worth(page, weights, of: windows, in: table)
        for row in rows { pooled.row(row)[page] = best }
      }
      pages += seen.count
    }
    block.charge(.scores(.select, by: .select), written: pages * 4 * group.groupSize)
    return block.bestPages(PageScores(matrix: pooled, pageTokens: page)) { [self] step in
      kept(of: step, budget: block.budget(of: step))
    }
  }

  /// The largest weight of the windows that overlap a block; less than any where none does.
  func worth(_ number: Int, _ weights: [Float], of windows: Range<Int>, in table: WindowTable) -> Float {
    table.overlapping(number * page..<(number + 1) * page).clamped(to: windows).reduce(-1) {
      max($0, weights[$1 - windows.lowerBound])
    }
  }

  /// First blocks, and the last ones with the one that is being filled.
  private func kept(of step: Step, budget k: Int) -> Guard {
    let own = (step.visible.upperBound - 1) % page + 1
    let others = max(0, local.tokens(visible: k) / page - 1)
    return Guard(sinks: initial * page, recent: own + others * page)
  }

  public func pieceTokens(of step: Step, budget: Int) -> Int { page }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (WindowTable.whole(tokens, size: size, stride: stride) * group.keyRowBytes, 0)
  }
}
