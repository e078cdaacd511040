import Attention

/// Landmarks of short chunks, with outlier chunks set apart (Sun et al., ICML 2025).
///
/// A chunk's landmark is the mean of its keys; a chunk's score is the largest, over the heads of the group, of their softmax over
/// the landmarks that compete: of chunks that are not kept anyway. Chunks of the prompt whose keys their mean describes worst are always kept, and so are the last ones.
public struct ShadowKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "shadowkv",
    summary: "Keeps outlier chunks, the last ones, and those whose mean key scores highest.",
    paper: "https://arxiv.org/abs/2410.21465", kind: .selection,
    parameters: [chunk, outliers, outlierShare, local], common: [.denseLayers],
    ranks: .pages, cost: "d a chunk",
    notes: """
      Outliers and local chunks count in k here, so that budgets are comparable, and lie on the device. Other chosen values come from the host. The released code rebuilds \
      chosen keys from a low-rank copy of the unrotated ones on the device; here keys are exact, and are read from the host as well. A chunk that \
      decoding completes gets a landmark of its own.
      """,
    alwaysKeeps: {
      "the last \($0.integer(local)) chunks, and up to \($0.number(outlierShare)) of k as outliers"
    })

  static let chunk = ParameterDescriptor(
    "chunk", .integer(1...4096), default: .integer(8), help: "tokens of a chunk")
  static let outliers = ParameterDescriptor(
    "outliers", .integer(0...100_000), default: .integer(48),
    help: "outlier chunks of the prompt always kept")
  static let outlierShare = ParameterDescriptor(
    "outlier-share", .number(0...1), default: .number(0.16),
    help: "share of k that outliers may take; the authors' 384 of 2464 tokens")
  static let local = ParameterDescriptor(
    "local", .integer(0...4096), default: .integer(4), help: "last chunks always kept")

  private let chunk: Int
  private let outliers: Int
  private let outlierShare: Double
  private let local: Int
  private let group: GroupContext
  /// Whole chunks of the prompt, the worst described first.
  private var apart: [Int] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    chunk = parameters.integer(Self.chunk)
    outliers = parameters.integer(Self.outliers)
    outlierShare = parameters.number(Self.outlierShare)
    local = parameters.integer(Self.local)
    self.group = group
  }

  public var choosesPerGroup: Bool { true }
  public var cacheTier: MemoryTier { .host }

  public func pieceTokens(of step: Step, budget: Int) -> Int { chunk }

  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    let (_, middle, recent) = kept(of: step).split(step.visible, budget: budget)
    let whole = heldOutliers(of: budget).sorted().map {
      ($0 * chunk..<($0 + 1) * chunk).clamped(to: middle)
    }
    return whole.filter { !$0.isEmpty } + [recent]
  }

  /// The last chunks, the partial one too.
  private func kept(of step: Step) -> Guard {
    let partial = (step.visible.upperBound - 1) % chunk + 1
    return Guard(recent: local == 0 ? 0 : partial + (local - 1) * chunk)
  }

  /// Outlier chunks that a budget holds.
  private func heldOutliers(of k: Int) -> ArraySlice<Int> {
    apart.prefix(min(outliers, Int(Double(k) * outlierShare) / chunk))
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    let table = PageTable.means(of: block.tables, pageTokens: chunk)
    let scores = block.scores(table, queries: block.queries, rows: .vector(group.headDim, like: group))
    apart = block.tables.cached("outliers \(chunk)", ofPrompt: true) { outlierOrder(block.tables) }
    let best = largestOfGroup(scores, block)
    return block.bestPages(best) { [self] step in kept(of: step) }
  }

  /// Softmax of each head over the chunks that compete, then the largest over the group's heads. Chunks set apart come
  /// first whatever their score.
  private func largestOfGroup(_ scores: PageScores, _ block: QueryBlock) -> PageScores {
    let soft = ScoreMatrix(rows: block.rows, tokens: scores.matrix.stride, pool: block.pool)
    for (index, step) in block.steps.enumerated() {
      let k = block.budgets[index]
      let middle = kept(of: step).split(step.visible, budget: k).middle
      let apart = Set(heldOutliers(of: k))
      let pages = middle.isEmpty ? 0..<0 : scores.pages(middle)
      let competing = pages.filter { !apart.contains($0) }
      let rows = (0..<group.groupSize).map { block.row(head: $0, step: index) }
      let weights = rows.map { row in block.softmax(competing.map { scores.matrix.row(row)[$0] }) }
      for row in rows {
        for page in pages where apart.contains(page) { soft.row(row)[page] = 2 }
        for (place, page) in competing.enumerated() {
          soft.row(row)[page] = weights.reduce(0) { max($0, $1[place]) }
        }
      }
    }
    return PageScores(matrix: soft, pageTokens: scores.pageTokens)
  }

  /// Whole chunks of the prompt by the least cosine between a key and the chunk's mean, lowest first.
  private func outlierOrder(_ tables: GroupTables) -> [Int] {
    let d = group.headDim
    let chunks = 0..<min(group.promptTokens, tables.tokens) / chunk
    let least = tables.perPage(chunks, pageTokens: chunk) { page in
      var mean = Array(repeating: Float(0), count: d)
      for token in page.tokens { for c in 0..<d { mean[c] += page[token][c] } }
      let length = mean.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
      return page.tokens.reduce(Float.infinity) { least, token in
        let key = page[token]
        var (dot, own): (Float, Float) = (0, 0)
        for c in 0..<d {
          dot += key[c] * mean[c]
          own += key[c] * key[c]
        }
        return min(least, dot / max(length * own.squareRoot(), .leastNormalMagnitude))
      }
    }
    return chunks.sorted { (least[$0], $0) < (least[$1], $1) }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    ((tokens + chunk - 1) / chunk * group.keyRowBytes, 0)
  }
}
