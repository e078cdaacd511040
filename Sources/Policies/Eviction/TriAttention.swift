/// Keys judged by distance with a trigonometric series (Mao et al., 2026).
///
/// Before rotation a head's queries lie about a fixed centre. A key's score is the mean, over distances of coming queries, of what the
/// centre would score it, chunk by chunk, `|q̄_f| |k_f| cos(Δ ω_f + φ_f)`, plus what queries have beyond their centre,
/// `(E|q_f| − |q̄_f|) |k_f|`.
public struct TriAttention: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "triattention",
    summary: "Keeps the tokens that a head's calibrated query centre favours over coming distances.",
    paper: "https://arxiv.org/abs/2604.04921", kind: .eviction,
    parameters: [round, offsets, .sinks], common: [.denseLayers], needs: [.headStatistics],
    cost: "all kept keys once a round",
    notes: """
      One set per KV head: each query head's scores are brought to mean 0 and deviation 1, and the largest counts. The authors let the cache grow by a round and then \
      cut it back; here tokens are scored once a round and go one by one in that order, so that no more than k are ever held. They never drop \
      the prompt's tokens unless told to; here those go like any others, since k counts them. What joined since is not \
      scored and stays, so a round is at most k / 2 tokens: a longer one would leave no place to any other token. Channels that do not rotate count by their \
      product with the centre. Keeps a 32-bit score per kept token.
      """)

  static let round = ParameterDescriptor(
    "round", .integer(1...100_000), default: .integer(128),
    help: "new tokens after which tokens are scored anew")
  static let offsets = ParameterDescriptor(
    "offsets", .integer(1...65_536), default: .integer(65_536),
    help: "farthest coming distance: 1, 2, 4, … up to it")

  private let round: Int
  /// Mean rotation over the coming distances, by chunk.
  private let coming: [(cos: Double, sin: Double)]
  private let sinks: Int
  private let group: GroupContext
  private let rotation: Rotation
  private var cache: EvictionCache
  private let centres: [[Float]]
  private let norms: [[Float]]
  private var values: [Float] = []
  private var joined = Int.max

  public init(parameters: ParameterValues, group: GroupContext) throws {
    round = parameters.integer(Self.round)
    let farthest = parameters.integer(Self.offsets)
    sinks = parameters.integer(.sinks)
    self.group = group
    rotation = Rotation(group)
    coming = rotation.meanTurn(over: (0..<17).map { 1 << $0 }.filter { $0 <= farthest })
    cache = EvictionCache(group, perGroup: true)
    let layer = try group.calibrated("triattention")
    centres = group.queryHeads.map { layer.queryCentres[$0] }
    norms = group.queryHeads.map { layer.queryNorms[$0] }
  }

  public var choosesPerGroup: Bool { true }

  public mutating func observe(_ prompt: PromptView) {
    values = Array(repeating: 0, count: prompt.tables.tokens)
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var record = EvictionRecord(block)
    for (step, k) in block.budgets.enumerated() {
      let new = cache.join(0, block.steps[step]).count
      joined = joined == .max ? round : joined + new
      if cache.kept[0].count > k {
        let due = min(round, max(1, k / 2))
        if joined >= due {
          score(.unrotated(block.tables, rotation), at: block.steps[step].position, block)
        }
        let values = values
        cache.shrink(0, to: k, keeping: Guard(sinks: sinks, recent: joined + 1)) { values[$0] }
      }
      record.add(cache, unit: 0, step: step)
    }
    return record.selections
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) { (cache.bytes(perToken: 4), 0) }

  /// Scores all tokens held.
  private mutating func score(_ keys: HeldKeys, at position: Int, _ block: QueryBlock) {
    joined = 0
    let kept = cache.kept[0].map(Int.init)
    let heads = block.judge(kept.count, by: keys) { key in
      centres.indices.map { head in
        standardised(kept.map { score(key($0), head: head, distance: position - $0) })
      }
    }
    for (place, token) in kept.enumerated() {
      values[token] = Float(heads.reduce(-Double.infinity) { max($0, $1[place]) })
    }
  }

  private func score(_ key: UnsafePointer<Float>, head: Int, distance: Int) -> Double {
    let (centre, norm) = (centres[head], norms[head])
    var sum = 0.0
    for (chunk, turn) in turns(distance).enumerated() {
      let (i, j) = rotation.channels(chunk)
      let (qi, qj) = (Double(centre[i]), Double(centre[j]))
      let (ki, kj) = (Double(key[i]), Double(key[j]))
      // Re and Im of q̄ times the conjugate of k.
      sum += (qi * ki + qj * kj) * turn.cos - (qj * ki - qi * kj) * turn.sin
      let length = (qi * qi + qj * qj).squareRoot()
      sum += (Double(norm[chunk]) - length) * (ki * ki + kj * kj).squareRoot()
    }
    for c in group.chunks.rotaryDim..<max(group.headDim, group.chunks.rotaryDim) {
      sum += Double(centre[c] * key[c])
    }
    return sum
  }

  /// Mean of cos and sin over the coming distances of a token that is `distance` back, by chunk.
  private func turns(_ distance: Int) -> [(cos: Double, sin: Double)] {
    zip(rotation.frequencies, coming).map { frequency, mean in
      let (sin, cos) = PortableMath.sinCos(Double(distance) * frequency)
      return (cos * mean.cos - sin * mean.sin, sin * mean.cos + cos * mean.sin)
    }
  }

  private func standardised(_ scores: [Double]) -> [Double] {
    let mean = scores.reduce(0, +) / Double(max(scores.count, 1))
    let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(scores.count, 1))
    return scores.map { ($0 - mean) / max(variance.squareRoot(), 1e-12) }
  }
}
