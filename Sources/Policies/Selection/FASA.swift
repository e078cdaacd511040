/// Frequency-aware sparse attention (arXiv 2602.03152, ICLR 2026).
///
/// TIP: score every token on the head's dominant frequency chunks only, raw and unscaled, and keep the
/// k best. FAC: attend exactly to those. Nothing is evicted. With every chunk dominant, and
/// every channel rotated, the choice is the oracle's.
public struct FASA: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "fasa",
    summary: "Ranks all tokens on a few dominant RoPE frequency chunks, then attends exactly to the best k.",
    paper: "https://arxiv.org/abs/2602.03152", kind: .selection,
    parameters: [
      ParameterDescriptor(
        "chunks", .amount, default: .amount(.share(0.25)),
        help: "dominant chunks per head, N_tip: a count or a share; the paper's 16 of 64 is 0.25"),
      ParameterDescriptor(
        "pairing", .choice(["rope", "adjacent"]), default: .word("rope"),
        help:
          "channels of a chunk: the rotation pair the trace declares, or (2i, 2i+1) as the released code slices"
      ),
      ParameterDescriptor(
        "scope", .choice(["head", "group"]), default: .word("head"),
        help: "choose tokens per query head, or one set per KV head from the summed scores"),
      ParameterDescriptor(
        "fc-scope", .choice(["head", "group"]), default: .word("head"),
        help: "rank chunks per query head, or by the group's mean contextual agreement"),
      ParameterDescriptor(
        "adaptive", .choice(["off", "on"]), default: .word("off"),
        help:
          "on: a head whose best agreement exceeds 0.4 takes min-chunks, others max-chunks (released code)"),
      ParameterDescriptor(
        "min-chunks", .amount, default: .amount(.tokens(1)), help: "chunks of an agreeing head, if adaptive"),
      ParameterDescriptor(
        "max-chunks", .amount, default: .amount(.share(0.25)), help: "chunks of the other heads, if adaptive"),
      ParameterDescriptor(
        "ca-window", .integer(1...1_000_000), default: .integer(256),
        help: "K of the contextual agreement that ranks chunks; the nearest calibrated one is taken"),
      ParameterDescriptor(
        "layout", .choice(ChannelLayout.allCases.map(\.rawValue)),
        default: .word(ChannelLayout.packed.rawValue),
        help:
          "where dominant channels are read: a packed side cache per head, channel planes, or the rows themselves"
      ),
      ParameterDescriptor(
        "cache", .choice(MemoryTier.allCases.map(\.rawValue)), default: .word(MemoryTier.device.rawValue),
        help:
          "where keys and values lie: device is the paper's FASA-C; host its FASA-M, with dominant channels alone on the device"
      ),
    ],
    needs: [.contextualAgreement], isTimed: true, cost: "2 per dominant chunk, token and query head; scores")

  private static let adaptiveThreshold = 0.4

  private let group: GroupContext
  public let choosesPerGroup: Bool
  private let layout: ChannelLayout
  public let cacheTier: MemoryTier
  /// The dominant channels of each query head of the group, ascending.
  private let channels: [[Int32]]

  public init(parameters: ParameterValues, group: GroupContext) throws {
    self.group = group
    choosesPerGroup = parameters.word("scope") == "group"
    layout = ChannelLayout(rawValue: parameters.word("layout")) ?? .packed
    cacheTier = MemoryTier(rawValue: parameters.word("cache")) ?? .device
    guard cacheTier == .device || layout == .packed else {
      throw PolicyError(
        "fasa: cache=host with layout=\(layout.rawValue): on the device lie packed channels alone; leave one of the two out"
      )
    }
    channels = try Self.dominantChannels(parameters, group)
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let scores = block.scores(channels: channels, from: layout)
    block.charge(.init(.metadata, .stream), written: block.steps.count * residentExtraBytesPerToken().device)
    return block.best(choosesPerGroup ? block.summedOverGroup(scores) : scores)
  }

  /// Of a cache on the host, the channels that the group's heads have dominant between them.
  public var deviceKeyBytes: Int {
    cacheTier == .host ? Set(channels.joined()).count * group.element.byteCount : 0
  }

  public func residentExtraBytesPerToken() -> (device: Int, host: Int) {
    let element = group.element.byteCount
    return switch layout {
    case .packed: (Set(channels).reduce(0) { $0 + $1.count } * element, 0)
    case .planes: (group.headDim * element, 0)
    case .rows: (0, 0)
    }
  }

  public func scorePass() -> ScorePass { .channels(channels, layout: layout) }

  private static func dominantChannels(_ parameters: ParameterValues, _ group: GroupContext) throws
    -> [[Int32]]
  {
    let slices = ContextualAgreement.Slices(rawValue: parameters.word("pairing")) ?? .rope
    let chunks = slices == .adjacent ? group.chunks.adjacent : group.chunks
    let total = chunks.count
    let wanted = parameters.amount("chunks", of: total)
    let isAdaptive = parameters.word("adaptive") == "on"
    // Every chunk needs no ranking.
    if wanted == total, !isAdaptive {
      return group.queryHeads.map { _ in chunks.channels(of: Array(0..<total)) }
    }
    guard
      let agreement = group.agreement?.ranking(
        layer: group.layer, slices: slices, layout: group.chunks.pairing,
        window: parameters.integer("ca-window"))
    else {
      throw PolicyError(
        """
        fasa: the calibration has no contextual agreement for layer \(group.layer) with \(slices.rawValue) \
        pairing on this trace's \(group.chunks.pairing.rawValue) layout: calibrate for it (fasa-sim calibrate), \
        or leave the layer out with --layers
        """)
    }
    let heads = group.queryHeads.map { agreement[$0] }
    let ranked = parameters.word("fc-scope") == "group" ? heads.map { _ in mean(heads) } : heads
    return ranked.map { values in
      var count = wanted
      if isAdaptive {
        let agrees = (values.max() ?? 0) > adaptiveThreshold
        count = parameters.amount(agrees ? "min-chunks" : "max-chunks", of: total)
      }
      let best = values.indices.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(count)
      return chunks.channels(of: Array(best))
    }
  }

  private static func mean(_ heads: [[Double]]) -> [Double] {
    guard let first = heads.first else { return [] }
    return first.indices.map { chunk in heads.reduce(0) { $0 + $1[chunk] } / Double(heads.count) }
  }
}
