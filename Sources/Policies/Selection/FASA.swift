import Attention

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
    parameters: [chunks, pairing, scope, fcScope, adaptive, minChunks, maxChunks, caWindow, layout, cache],
    needs: [.contextualAgreement], cost: "2 per dominant chunk, token and query head; scores",
    notes: """
      The paper ranks chunks by agreement at K = 256 on every layer. Its released code takes K = k where that is calibrated, else 1,024, as for every \
      share, and leaves layer 0 dense: `ca-window=budget,dense-layers=1`. At 19 % `ca-window=budget` takes output error from 0.078 to 0.060 on qa-4096 (recall 0.691 to 0.716) and from \
      0.0180 to 0.0176 on prose-8192 (0.707 to 0.726); at 256 it is the same. On code-896-all-layers, which holds layer 0, error at 19 % is 0.188, with the one 0.151, with the other 0.168, \
      with both 0.131.
      """)

  static let chunks = ParameterDescriptor(
    "chunks", .amount, of: .chunks, default: .amount(.share(0.25)),
    help: "dominant chunks per head, N_tip: a count or a share; the paper's 16 of 64 is 0.25")
  static let pairing = ParameterDescriptor(
    "pairing", .choice(["rope", "adjacent"]), default: .word("rope"),
    help:
      "channels of a chunk: the rotation pair the trace declares, or (2i, 2i+1) as the released code slices"
  )
  static let scope = ParameterDescriptor(
    "scope", .choice(["head", "group"]), default: .word("head"),
    help: "choose tokens per query head, or one set per KV head from the summed scores")
  static let fcScope = ParameterDescriptor(
    "fc-scope", .choice(["head", "group"]), default: .word("head"),
    help: "rank chunks per query head, or by the group's mean contextual agreement")
  static let adaptive = ParameterDescriptor(
    "adaptive", .choice(["off", "on"]), default: .word("off"),
    help:
      "on: a head whose best agreement exceeds 0.4 takes min-chunks, others max-chunks (released code)")
  static let minChunks = ParameterDescriptor(
    "min-chunks", .amount, of: .chunks, default: .amount(.tokens(1)),
    help: "chunks of an agreeing head, if adaptive")
  static let maxChunks = ParameterDescriptor(
    "max-chunks", .amount, of: .chunks, default: .amount(.share(0.25)),
    help: "chunks of the other heads, if adaptive")
  static let caWindow = ParameterDescriptor(
    "ca-window", .integerOr(1...1_000_000, "budget"), default: .integer(256),
    help:
      "K of the contextual agreement that ranks chunks; the nearest calibrated one is taken, or with budget the budget's own, else 1024"
  )
  static let layout = ParameterDescriptor(
    "layout", .choice(ChannelLayout.allCases.map(\.rawValue)),
    default: .word(ChannelLayout.packed.rawValue),
    help:
      "where dominant channels are read: a packed side cache per head, channel planes, or the rows themselves"
  )
  static let cache = ParameterDescriptor(
    "cache", .choice(MemoryTier.allCases.map(\.rawValue)), default: .word(MemoryTier.device.rawValue),
    help:
      "where keys and values lie: device is the paper's FASA-C; host its FASA-M, with dominant channels alone on the device"
  )

  private static let adaptiveThreshold = 0.4

  /// Every chunk needs no ranking.
  public static func needs(_ parameters: ParameterValues) -> [PolicyDescriptor.Need] {
    let takesAll = parameters[Self.chunks] == .amount(.share(1)) && parameters.word(Self.adaptive) == "off"
    return takesAll ? [] : descriptor.needs
  }

  private let group: GroupContext
  public let choosesPerGroup: Bool
  private let layout: ChannelLayout
  public let cacheTier: MemoryTier
  /// The dominant channels of each query head of the group, ascending.
  private let channels: [[Int32]]

  public init(parameters: ParameterValues, group: GroupContext) throws {
    self.group = group
    choosesPerGroup = parameters.word(Self.scope) == "group"
    layout = ChannelLayout(rawValue: parameters.word(Self.layout)) ?? .packed
    cacheTier = MemoryTier(rawValue: parameters.word(Self.cache)) ?? .device
    guard cacheTier == .device || layout == .packed else {
      throw PolicyError(
        "fasa: cache=host", expected: "layout=packed, since packed channels alone lie on the device",
        found: "layout=\(layout.rawValue)", advice: "leave one of the two out")
    }
    guard cacheTier == .device || group.cache == nil else {
      throw PolicyError(
        "fasa: cache=host",
        expected: "keys of 16 or 32 bits, of which the device holds the dominant channels",
        found: "kv=\(group.cache?.rawValue ?? "own")", advice: "leave one of the two out")
    }
    channels = try Self.dominantChannels(parameters, group)
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let scores = block.scores(channels: channels, from: layout)
    let element = group.element.byteCount
    block.chargeAppend(rowBytes: element, pieces: residentExtraBytesPerToken().device / element)
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
    let slices = ContextualAgreement.Slices(rawValue: parameters.word(Self.pairing)) ?? .rope
    let chunks = slices == .adjacent ? group.chunks.adjacent : group.chunks
    let total = chunks.count
    let wanted = parameters.amount(Self.chunks, of: total)
    let isAdaptive = parameters.word(Self.adaptive) == "on"
    // Every chunk needs no ranking.
    if wanted == total, !isAdaptive {
      return group.queryHeads.map { _ in chunks.channels(of: Array(0..<total)) }
    }
    let heads = try group.agreement(for: "fasa", slices: slices, window: .init(parameters, caWindow))
    let ranked = parameters.word(Self.fcScope) == "group" ? heads.map { _ in mean(heads) } : heads
    return ranked.map { values in
      var count = wanted
      if isAdaptive {
        let agrees = (values.max() ?? 0) > adaptiveThreshold
        count = parameters.amount(agrees ? minChunks : maxChunks, of: total)
      }
      return chunks.channels(of: values.bestFirst(count))
    }
  }

  private static func mean(_ heads: [[Double]]) -> [Double] {
    guard let first = heads.first else { return [] }
    return first.indices.map { chunk in heads.reduce(0) { $0 + $1[chunk] } / Double(heads.count) }
  }
}
