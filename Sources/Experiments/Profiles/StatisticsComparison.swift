import Attention
import Policies

/// The head statistics of two profiles, in channels of one layout.
struct StatisticsComparison {
  private let layers: [(HeadStatistics.Layer, HeadStatistics.Layer)]
  private let factors: (one: [Double], other: [Double])?
  private let share: Budget

  init(_ one: HeadStatistics, _ other: HeadStatistics, share: Budget) {
    layers = one.layers.compactMap { layer in other[layer.layer].map { (layer, $0) } }
    factors = one.skipFactors.flatMap { mine in other.skipFactors.map { (mine, $0) } }
    self.share = share
  }

  var kinds: [ProfileComparison.Kind] {
    let width = layers.first?.0.channelWeights.first?.count ?? 0
    let count = share.tokens(visible: max(1, width))
    let byChance = Double(count) / Double(max(1, width))
    let common = "share in common"
    func heaviest(_ a: [Float], _ b: [Float]) -> Double { ProfileComparison.inCommon(count, a, b) }
    let found: [ProfileComparison.Kind?] = [
      .init("heaviest channels", measure: common, byChance: byChance, heads(\.channelWeights, heaviest)),
      .init(
        "heaviest channels, own token", measure: common, byChance: byChance,
        heads({ $0.ownChannelWeights ?? [] }, heaviest)),
      .init("key axes", measure: "subspace in common", byChance: byChance, heads(\.keyAxes, subspace(count))),
      .init(
        "key axes before rotation", measure: "subspace in common", byChance: byChance,
        heads(\.unrotatedKeyAxes, subspace(count))),
      .init("query centres", measure: "cosine", heads(\.queryCentres, Self.cosine)),
      .init(
        "far mass", measure: "the less over the more",
        heads(\.retrieval) { Self.ratio(Double($0), Double($1)) }),
      skipFactors,
    ]
    return found.compactMap(\.self)
  }

  private func heads<Values>(
    _ held: (HeadStatistics.Layer) -> [Values], _ measure: (Values, Values) -> Double
  ) -> [ProfileComparison.Head] {
    layers.flatMap { one, other in
      zip(held(one), held(other)).enumerated().map { head, pair in
        .init(layer: one.layer, head: head, value: measure(pair.0, pair.1))
      }
    }
  }

  /// Of all layers and heads together, by tenths of the tiles skipped; no head has its own.
  private var skipFactors: ProfileComparison.Kind? {
    let pairs = factors.map { Array(zip($0.one, $0.other)) } ?? []
    return .init(
      "skip factors", measure: "the less over the more",
      pairs.enumerated().map { .init(layer: -1, head: $0, value: Self.ratio($1.0, $1.1)) })
  }

  /// How much of the space of one's first axes lies in that of the other's: Σ (a · b)² over their number.
  private func subspace(_ count: Int) -> (AxisMatrix, AxisMatrix) -> Double {
    { one, other in
      var sum = 0.0
      for a in one.axes.prefix(count) {
        for b in other.axes.prefix(count) {
          let product = Self.dot(a, b)
          sum += product * product
        }
      }
      return min(1, sum / Double(min(count, max(1, one.axes.count))))
    }
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  private static func cosine(_ a: [Float], _ b: [Float]) -> Double {
    let lengths = (dot(a, a) * dot(b, b)).squareRoot()
    return lengths > 0 ? dot(a, b) / lengths : (a == b ? 1 : 0)
  }

  private static func ratio(_ a: Double, _ b: Double) -> Double {
    max(abs(a), abs(b)) > 0 ? min(a, b) / max(a, b) : 1
  }
}
