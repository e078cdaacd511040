/// Bytes that one stage of a decode step reads or writes.
public struct Access: Sendable, Equatable {
  /// Counted bytes, each once.
  public var bytes: Double
  /// Bytes that another head of the group reads again soon after.
  public var againBytes: Double
  /// Of a scattered piece, at the geometry that is priced; nil where the bytes lie side by side.
  public var pieceBytes: Double?
  public var isOnHost: Bool
  /// What the rows lie in: whole sectors never move more than that.
  public var extentBytes: Double

  public init(
    bytes: Double, againBytes: Double = 0, pieceBytes: Double? = nil, isOnHost: Bool = false,
    extentBytes: Double = .infinity
  ) {
    self.bytes = bytes
    self.againBytes = againBytes
    self.pieceBytes = pieceBytes
    self.isOnHost = isOnHost
    self.extentBytes = extentBytes
  }

  /// Moved bytes for each counted one, where a machine moves whole sectors.
  func sectorFactor(_ sectorBytes: Double) -> Double {
    guard let row = pieceBytes, row > 0, bytes > 0 else { return 1 }
    let rounded = (row / sectorBytes).rounded(.up) * sectorBytes / row
    return max(1, min(rounded, extentBytes / bytes))
  }
}

/// What one decode step of one layer asks of a machine, for one sequence.
public struct StepLoad: Sendable, Equatable {
  /// Keeping caches and the policy's own data up to date.
  public var upkeep: [Access] = []
  public var score: [Access] = []
  /// Scores written and read again.
  public var select: [Access] = []
  public var attend: [Access] = []
  /// Scores, over all heads, that a top-k goes through; 0 where nothing is chosen.
  public var candidates = 0.0
  /// Rows of scores that are chosen from apart from each other.
  public var rows = 1.0
  /// Multiplications and additions.
  public var scoreOperations = 0.0
  public var attendOperations = 0.0
  /// What the rows that are attended to lie in.
  public var cache = CacheRows(perSequence: 1, bits: 16, headDim: 128, isGrouped: true)
  /// Whether the same bytes are attended to again at once, as a benchmark of one kernel does and no model.
  public var isRepeated = false
  /// Whether the policy scores and chooses in this step; else it attends to rows that lie side by side.
  public var chooses = false
  /// Whether the tokens are known a layer earlier, so that the link works beside the device.
  public var prefetches = false

  public init() {}

  public var bytes: Double {
    [upkeep, score, select, attend].joined().reduce(0) { $0 + $1.bytes + $1.againBytes }
  }
}
