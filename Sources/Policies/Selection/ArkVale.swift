/// Page-based KV cache with recallable eviction (Chen et al., NeurIPS 2024).
///
/// A page's digest is a cuboid about the mean of its keys, as wide as their mean absolute deviation; its score is the
/// highest that a key within could have. The first and the last pages are always there. Pages lie on the host; the
/// device holds those of the last step, so that only the others cross the link.
public struct ArkVale: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "arkvale",
    summary: "Keeps the pages whose digest, a cuboid of mean and deviation, allows the highest score.",
    paper: "https://openreview.net/forum?id=4oAt5L4lYe", kind: .selection,
    parameters: [
      .page(32),
      ParameterDescriptor(
        "sink-pages", .integer(0...64), default: .integer(1), help: "first pages always kept"),
      ParameterDescriptor(
        "window-pages", .integer(0...64), default: .integer(2),
        help: "last pages always kept, the partial one too"),
      .scope,
    ], common: [.denseLayers],
    cost: "2 d a page; pages that are not held, over the link",
    notes: """
      Reads the digests of all pages. The chosen rows are read on the device; pages that the step before did not hold \
      come over the link first, a page at a time. Sink and window pages count in k; where a budget cannot hold them, \
      first tokens come first.
      """,
    alwaysKeeps: { "the first \($0.integer("sink-pages")) and last \($0.integer("window-pages")) pages" })

  private let page: Int
  private let sinkPages: Int
  private let windowPages: Int
  private let group: GroupContext
  public let choosesPerGroup: Bool
  /// Pages on the device for each query head.
  private var resident: [Set<Int>]

  public init(parameters: ParameterValues, group: GroupContext) throws {
    try group.require(width: 2 * group.headDim, for: "arkvale")
    page = parameters.integer("page")
    sinkPages = parameters.integer("sink-pages")
    windowPages = parameters.integer("window-pages")
    choosesPerGroup = parameters.word("scope") == "group"
    self.group = group
    resident = group.queryHeads.map { _ in [] }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    let table = PageTable.spread(of: block.shared.tables, pageTokens: page, .absolute)
    let scores = block.scores(table, queries: block.spreadQueries(1), rowBytes: 2 * group.keyRowBytes)
    let (page, sinkPages, windowPages) = (page, sinkPages, windowPages)
    let chosen = block.bestPages(choosesPerGroup ? block.summedOverGroup(scores) : scores) { step in
      let end = step.visible.upperBound
      let partial = (end - 1) % page + 1
      return Guard(sinks: sinkPages * page, recent: windowPages == 0 ? 0 : partial + (windowPages - 1) * page)
    }
    chargeMisses(chosen, block)
    return chosen
  }

  /// Pages that the step before did not hold come from the host; the newest token was never there.
  private mutating func chargeMisses(_ chosen: Selections, _ block: QueryBlock) {
    let rowBytes = page * (group.keyRowBytes + group.valueRowBytes)
    for (index, step) in block.steps.enumerated() {
      var (all, union): (Int, Set<Int>) = (0, [])
      let last = (step.visible.upperBound - 1) / page
      for head in resident.indices {
        let pages = Set(chosen[block.shared.row(head: head, step: index)].map { Int($0) / page })
        let missing = pages.subtracting(resident[head]).filter { $0 != last }
        all += missing.count
        union.formUnion(missing)
        resident[head] = pages
      }
      block.charge(
        .init(.keys, .gather(rowBytes: rowBytes), tier: .host), readPerHead: all * rowBytes,
        readGroupUnion: union.count * rowBytes)
    }
  }

  public var holdsChosenOnly: Bool { true }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    ((tokens + page - 1) / page * 2 * group.keyRowBytes, tokens * (group.keyRowBytes + group.valueRowBytes))
  }
}
