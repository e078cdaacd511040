import Attention
import Kernels

/// Skipped softmax (BLASST, 2025): what a decode kernel can leave out once it has a tile's logits.
///
/// Keys are gone over in tiles, with a running maximum of the logits. A tile whose largest logit lies more than −ln λ below the
/// maximum of those before it is skipped: its exponentials, its values and its part of the denominator. Every key is read.
public struct SkipSoftmax: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "skip-softmax",
    summary: "Reads every key, and skips tiles whose largest logit lies far below the running maximum.",
    paper: "https://arxiv.org/abs/2512.12087", kind: .selection,
    parameters: [factor, skip, tile, scope, splits], common: [.denseLayers], needs: [.headStatistics],
    usesBudget: false,
    cost: "every key: d a token",
    notes: """
      Sizes its own sets: the tokens of the tiles that are kept. λ is `factor` over the tokens that a step sees; where that is above 1 nothing is skipped, as in TensorRT-LLM. \
      All keys are read once, and the values of kept tiles; logits stay on the chip. Skipped tiles raise the running maximum like others. \
      The defaults are those of TensorRT-LLM's decode kernel, in which the heads of a group skip a tile only together; ModelOpt, which calibrates factors, has \
      `scope=head,tile=128`, and skips a tile also where it lies exactly −ln λ below. A kernel that splits a text compares within each split, and how many there are \
      depends on its launch: `splits` says it. Tiles begin at multiples of their size in the text, as they lie in the cache. Factors published for Qwen3-30B-A3B at decode are 0.32, 16.5 and 852 for 10, 50 and 90 % of tiles skipped, \
      and 22 to 59 times as much at prefill, which is dense here. With `skip` the factor is the one that skipped such a share of the tiles of the calibration text, all layers, KV heads and decode steps together, \
      between those at which 10, 20, … 90 % are skipped by the logarithm; measured with the tile and scope that are the defaults. ModelOpt fits one exponential to such shares.
      """,
    alwaysKeeps: { $0.integer(splits) > 1 ? "the first \($0.integer(splits)) tiles" : "the first tile" })

  static let factor = ParameterDescriptor(
    "factor", .number(0...1_000_000), default: .number(20),
    help: "λ times the tokens that a step sees; more skips more, 0 skips nothing")
  static let skip = ParameterDescriptor(
    "skip", .number(0...0.9), default: .number(0),
    help: "share of the tiles to skip, by a calibrated factor; 0: by `factor`")
  static let tile = ParameterDescriptor(
    "tile", .integer(1...4096), default: .integer(64), help: "tokens of a tile")
  static let scope = ParameterDescriptor(
    "scope", .choice(["head", "group"]), default: .word("group"),
    help: "skip a tile per query head, or where all query heads of a KV head would")
  static let splits = ParameterDescriptor(
    "splits", .integer(1...1024), default: .integer(1),
    help: "parts of a text, to which tiles are dealt in turn, each with a running maximum of its own")

  /// What a calibration measures with.
  static let calibrated = (tile: 64, shares: (1...9).map { Double($0) / 10 })

  private let factor: Double
  private let tile: Int
  private let splits: Int
  public let choosesPerGroup: Bool

  public static func needs(_ parameters: ParameterValues) -> [PolicyDescriptor.Need] {
    parameters.number(skip) > 0 ? descriptor.needs : []
  }

  public init(parameters: ParameterValues, group: GroupContext) throws {
    let share = parameters.number(Self.skip)
    factor = share > 0 ? try Self.factor(skipping: share, group) : parameters.number(Self.factor)
    tile = parameters.integer(Self.tile)
    splits = parameters.integer(Self.splits)
    choosesPerGroup = parameters.word(Self.scope) == "group"
  }

  private static func factor(skipping share: Double, _ group: GroupContext) throws -> Double {
    guard let factors = group.statistics?.skipFactors, SkipCalibration.isSound(factors) else {
      throw PolicyError(
        "skip-softmax: skip", expected: "factors for shares of tiles in the calibration", found: "none",
        advice: "calibrate anew, or give a factor")
    }
    return SkipCalibration.factor(skipping: share, factors)
  }

  /// Its own k is what it needed; the replay takes it from the sets chosen.
  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  public func choose(_ block: QueryBlock) -> Selections? {
    let (logits, scale) = block.streamedLogits()
    let tiles = block.steps.map { Self.tiles($0.visible, of: tile) }
    // [row][tile]
    let kept = (0..<block.rows).map { row in
      let step = row % block.steps.count
      let largest = Self.largest(tiles[step], of: logits, row: row, scale: scale, block.kernels)
      let limit = Self.limit(factor: factor, tokens: block.visible(row).count)
      return limit.map { Self.kept(largest, splits: splits, limit: $0) } ?? largest.map { _ in true }
    }
    var result = Selections()
    for row in 0..<block.rows {
      let step = row % block.steps.count
      let voters =
        choosesPerGroup ? (0..<block.group.groupSize).map { block.row(head: $0, step: step) } : [row]
      let tokens = tiles[step].indices.filter { tile in voters.contains { kept[$0][tile] } }
        .flatMap { Array(tiles[step][$0]) }
      result.appendRow(tokens.map(Int32.init))
    }
    return result
  }

  /// Those that a step sees, the first and the last of them cut at what it sees.
  static func tiles(_ visible: Range<Int>, of size: Int) -> [Range<Int>] {
    (visible.lowerBound / size..<(visible.upperBound + size - 1) / size).map {
      ($0 * size..<($0 + 1) * size).clamped(to: visible)
    }
  }

  /// The largest logit of each tile of a row.
  static func largest(
    _ tiles: [Range<Int>], of logits: ScoreMatrix, row: Int, scale: Float, _ kernels: Kernels
  ) -> [Double] {
    tiles.map { Double(kernels.maximum(logits.scores(row, $0))) * Double(scale) }
  }

  /// How far each tile's largest logit lies above those before it; of a first tile without end.
  static func gaps(_ largest: [Double], splits: Int) -> [Double] {
    var running = Array(repeating: -Double.infinity, count: splits)
    return largest.enumerated().map { tile, own in
      let before = running[tile % splits]
      running[tile % splits] = max(before, own)
      return own - before
    }
  }

  /// ln λ of a step; nil where nothing is skipped.
  static func limit(factor: Double, tokens: Int) -> Double? {
    guard factor > 0, factor <= Double(tokens) else { return nil }
    return PortableMath.log(factor / Double(tokens))
  }

  /// Whether each tile is kept, by the largest logit of each.
  static func kept(_ largest: [Double], splits: Int, limit: Double) -> [Bool] {
    gaps(largest, splits: splits).map { $0 >= limit }
  }

  public var readsChosenKeys: Bool { false }
  public func pieceTokens(of step: Step, budget: Int) -> Int { tile }
  public func scorePass() -> ScorePass { .full }
}
