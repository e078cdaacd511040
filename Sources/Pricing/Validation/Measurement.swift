/// One measured time of decode attention, as a line of a table of measurements.
public struct Measurement: Sendable, Equatable {
  public var deviceKind: String
  public var device: String
  /// `attn-…` is dense, `sparq-attn-…` is SparQ with keys stored in both layouts, `…-oneK` with one.
  public var kernel: String
  /// Of keys, values and scores.
  public var elementBytes: Double
  public var batch: Double
  public var tokens: Double
  public var heads: Double
  public var headDim: Double
  /// Channels that the score reads, and tokens attended to; nil for dense.
  public var rank: Double?
  public var topK: Double?
  public var seconds: Double

  public var isSparse: Bool { rank != nil }
  var storesKeysOnce: Bool { kernel.hasSuffix("-oneK") }
  /// The implementation: `triton`, `compiled`, ….
  public var implementation: String {
    kernel.replacing("sparq-attn-", with: "").replacing("attn-", with: "")
  }

  /// What the step asks of a machine: multi-head attention, every head its own KV head.
  public var load: StepLoad {
    var load = StepLoad()
    load.cache = CacheRows(perSequence: heads, bits: elementBytes * 8, headDim: headDim, isGrouped: false)
    let row = headDim * elementBytes
    guard let rank, let topK else {
      load.attend = [Access(bytes: heads * tokens * 2 * row)]
      load.attendOperations = 4 * heads * tokens * headDim
      return load
    }
    let partial = heads * tokens * rank * elementBytes
    load.chooses = true
    load.rows = heads
    load.candidates = heads * tokens
    load.score =
      storesKeysOnce
      ? [
        Access(
          bytes: partial, pieceBytes: elementBytes, extentBytes: heads * tokens * row)
      ] : [Access(bytes: partial)]
    load.attend = [Access(bytes: heads * topK * 2 * row, pieceBytes: row)]
    load.scoreOperations = 2 * heads * tokens * rank
    load.attendOperations = 4 * heads * topK * headDim
    return load
  }
}
