import Attention

/// Our own: FASA's chunks, one choice per KV head and in few bits.
///
/// Frequency chunks are ranked by the mean contextual agreement of the KV head's query heads, so that one side cache serves them
/// all; its channels are rounded to few bits between a token's lowest and highest, which pays for twice FASA's chunks; the first and
/// the most recent tokens are always kept.
public struct SharedChunks: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "shared-chunks",
    summary: "Ours: FASA's chunks shared by the heads of a KV head, kept in 4 bits, with sinks guarded.",
    kind: .selection,
    parameters: [
      chunks, bits, caWindow, ParameterDescriptor.sinks.defaulting(to: .integer(4)),
      ParameterDescriptor.recent.defaulting(to: .integer(16)), .scope,
    ], needs: [.contextualAgreement],
    cost: "2 b bits a chunk and token, 4 bytes a token; scores",
    notes: """
      Found by measuring on technical-4096 and qa-4096; no published method, though each part is: FASA's chunks, Double Sparsity's 4-bit labels. Reads a KV head's one side cache, and a token's lowest and highest \
      value in 16 bits each.
      """)

  static let chunks = ParameterDescriptor(
    "chunks", .amount, default: .amount(.share(0.5)), help: "chunks of a KV head: a count or a share")
  static let bits = ParameterDescriptor(
    "bits", .integer(1...16), default: .integer(4), help: "bits of a channel; 16 leaves it as it is")
  static let caWindow = ParameterDescriptor(
    "ca-window", .integer(1...1_000_000), default: .integer(256),
    help: "K of the contextual agreement that ranks chunks; the nearest calibrated one is taken")

  private let channels: [Int32]
  private let bits: Int
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    self.group = group
    bits = parameters.integer(Self.bits)
    choosesPerGroup = parameters.word(.scope) == "group"
    let agreement = try group.agreement(for: "shared-chunks", window: .init(parameters, Self.caWindow))
    let sums = (0..<group.chunks.count).map { chunk in agreement.reduce(0) { $0 + $1[chunk] } }
    let best = sums.indices.sorted { (sums[$0], $1) > (sums[$1], $0) }
      .prefix(parameters.amount(Self.chunks, of: group.chunks.count))
    channels = group.chunks.channels(of: Array(best))
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let table = TokenTable("labels \(channels) \(bits)", of: block.tables, width: channels.count) {
      key, out in
      for (index, c) in channels.enumerated() { out[index] = key[Int(c)] }
      if bits < 16 { Quantised.round(out, count: channels.count, bits: bits) }
    }
    let queries = block.derivedQueries(width: channels.count) { _, query, out in
      for (index, c) in channels.enumerated() { out[index] = query[Int(c)] }
    }
    let scores = block.scores(table, queries: queries, rows: row)
    return block.bestOf(choosesPerGroup ? block.summedOverGroup(scores) : scores)
  }

  private var row: StoredRow { .rounded(channels.count, bits: bits) }

  public func residentExtraBytesPerToken() -> (device: Int, host: Int) { (row.bytes, 0) }
}
