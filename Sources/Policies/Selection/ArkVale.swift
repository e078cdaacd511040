import Attention

/// Page-based KV cache with recallable eviction (Chen et al., NeurIPS 2024).
///
/// A page's digest is a cuboid about its centre, as wide as the keys' mean distance from it; its score is the highest
/// that a key within could have. The first and the last pages are always there. Pages lie on the host; the device
/// holds those of the last step, so that only the others cross the link.
public struct ArkVale: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "arkvale",
    summary: "Keeps the pages whose digest, a cuboid about their keys, allows the highest score.",
    paper: "https://openreview.net/forum?id=4oAt5L4lYe", kind: .selection,
    parameters: [page, digest, sinkPages, windowPages, scope], common: [.denseLayers], scope: .layer,
    cost: "2 d a page; pages that are not held, over the link",
    notes: """
      Reads the digests of all pages. The chosen rows are read on the device; pages that the step before did not hold \
      come over the link first, a page at a time. Sink and window pages count in k; where a budget cannot hold them, \
      first tokens come first. The authors' device holds more pages than a step attends to, which saves some of the link's bytes. \
      With `digest=mean` output error is 0.286 for 0.244 on qa-4096 at 256 (recall 0.404 for 0.385) and 0.428 for 0.221 on prose-8192 (0.403 for 0.373), at 19 % 0.111 for 0.126 and 0.064 for 0.044; \
      with `scope=head` 0.262 and 0.284 at 256, 0.124 and 0.042 at 19 %.
      """,
    alwaysKeeps: { "the first \($0.integer(sinkPages)) and last \($0.integer(windowPages)) pages" })

  static let page = ParameterDescriptor.page(32)
  static let digest = ParameterDescriptor(
    "digest", .choice(["midrange", "mean"]), default: .word("midrange"),
    help:
      "a cuboid's centre: half-way between a page's highest and lowest keys, as the authors do, or their mean"
  )
  static let sinkPages = ParameterDescriptor(
    "sink-pages", .integer(0...64), default: .integer(2), help: "first pages always kept")
  static let windowPages = ParameterDescriptor(
    "window-pages", .integer(0...64), default: .integer(2),
    help: "last pages always kept, the partial one too")
  static let scope = ParameterDescriptor(
    "scope", .choice(["head", "group", "layer"]), default: .word("layer"),
    help:
      "choose per query head, or one set per KV head or, as the authors do, per layer from the scores summed over its query heads"
  )

  private let page: Int
  private let isMidrange: Bool
  private let sinkPages: Int
  private let windowPages: Int
  private let scope: String
  private let group: GroupContext
  /// Pages on the device, `[KV head][query head of the group]`.
  private var resident: [[Set<Int>]]

  public init(parameters: ParameterValues, group: GroupContext) throws {
    try group.require(width: 2 * group.headDim, for: "arkvale")
    page = parameters.integer(Self.page)
    isMidrange = parameters.word(Self.digest) == "midrange"
    sinkPages = parameters.integer(Self.sinkPages)
    windowPages = parameters.integer(Self.windowPages)
    scope = parameters.word(Self.scope)
    self.group = group
    resident = []
  }

  public var choosesPerGroup: Bool { scope != "head" }
  public var holdsChosenOnly: Bool { true }
  public func pieceTokens(of step: Step, budget: Int) -> Int { page }

  public mutating func begin(layer groups: [GroupContext]) {
    resident = groups.map { $0.queryHeads.map { _ in [] } }
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    let (page, sinkPages, windowPages) = (page, sinkPages, windowPages)
    let own = blocks.map { block in
      let table =
        isMidrange
        ? PageTable.cuboids(of: block.tables, pageTokens: page)
        : PageTable.spread(of: block.tables, pageTokens: page, .absolute)
      return block.scores(
        table, queries: block.spreadQueries(1), rows: .vector(2 * group.headDim, like: group))
    }
    let scores =
      switch scope {
      case "head": own
      case "group": zip(blocks, own).map { $0.summedOverGroup($1) }
      default: Self.summed(zip(blocks, own).map { $0.summedOverGroup($1) }, blocks)
      }
    return blocks.enumerated().map { place, block in
      let chosen = block.bestPages(scores[place]) { step in
        let partial = (step.visible.upperBound - 1) % page + 1
        return Guard(
          sinks: sinkPages * page, recent: windowPages == 0 ? 0 : partial + (windowPages - 1) * page)
      }
      chargeMisses(chosen, block, place: place)
      return chosen
    }
  }

  /// Every row of every KV head the sum over KV heads, whose own rows are alike, in ascending order.
  private static func summed(_ scores: [PageScores], _ blocks: [QueryBlock]) -> [PageScores] {
    guard let first = blocks.first else { return scores }
    for (step, seen) in first.steps.enumerated() {
      for page in scores[0].pages(seen.visible) {
        let sum = scores.reduce(Float(0)) { $0 + $1.matrix.row(step)[page] }
        for (block, own) in zip(blocks, scores) {
          for head in 0..<block.group.groupSize {
            own.matrix.row(block.row(head: head, step: step))[page] = sum
          }
        }
      }
    }
    return scores
  }

  /// Pages that the step before did not hold come from the host; the newest token was never there.
  private mutating func chargeMisses(_ chosen: Selections, _ block: QueryBlock, place: Int) {
    while resident.count <= place { resident.append(group.queryHeads.map { _ in [] }) }
    let rowBytes = page * (group.cachedKeyBytes + group.cachedValueBytes)
    for (index, step) in block.steps.enumerated() {
      var (all, union): (Int, Set<Int>) = (0, [])
      let last = (step.visible.upperBound - 1) / page
      for head in resident[place].indices {
        // A budget that covers all holds all pages, whatever was chosen.
        let pages =
          block.isCovered(index)
          ? Set(step.visible.lowerBound / page...last)
          : Set(chosen[block.row(head: head, step: index)].map { Int($0) / page })
        let missing = pages.subtracting(resident[place][head]).filter { $0 != last }
        all += missing.count
        union.formUnion(missing)
        resident[place][head] = pages
      }
      block.charge(
        DecodeOperation(
          .upkeep, .gather, .keys, rowBytes: rowBytes, bits: group.cacheBits,
          pattern: .gather(rowBytes: rowBytes), tier: .host), readPerHead: all * rowBytes,
        readGroupUnion: union.count * rowBytes)
    }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (
      (tokens + page - 1) / page * 2 * group.keyRowBytes,
      tokens * (group.cachedKeyBytes + group.cachedValueBytes)
    )
  }
}
