import Attention
import Policies
import Simulator

/// What a calibration profile holds, told.
package struct ProfileDescription: Encodable {
  package let path: String
  package let digest: String
  let model: CalibrationProfile.Model
  let slices: ContextualAgreement.Slices
  let pairing: RopePairing
  let texts: [CalibrationProfile.Text]
  let layers: [Int]
  /// K of contextual agreement, ascending.
  let windows: [Int]
  /// Of a head.
  let chunks: Int
  let statistics: [Statistic]
  let statisticsLayers: [Int]
  /// The quarter of chunks with the most agreement at the K that policies take, the mean over layers and query heads, ascending.
  let dominantChunks: [Int]
  /// Policies that take their calibration from it, by what of it they need.
  let serves: Served

  /// What of a model's heads was measured beside contextual agreement.
  enum Statistic: String, Encodable, CaseIterable {
    case keyAxes = "key axes"
    case channelWeights = "channel weights"
    case ownChannelWeights = "channel weights of the own token"
    case queryCentres = "query centres"
    case farMass = "far mass"
    case skipFactors = "skip factors"
  }

  struct Served: Encodable {
    let contextualAgreement: [String]
    let headStatistics: [String]

    enum CodingKeys: String, CodingKey {
      case contextualAgreement = "contextual_agreement"
      case headStatistics = "head_statistics"
    }
  }

  enum CodingKeys: String, CodingKey {
    case path, digest, model, slices, pairing, texts, layers, windows, chunks, statistics, serves
    case statisticsLayers = "statistics_layers"
    case dominantChunks = "dominant_chunks"
  }

  package init(_ loaded: LoadedProfile) {
    let profile = loaded.profile
    path = loaded.path
    digest = loaded.digest
    model = profile.model
    (slices, pairing, texts) = (profile.slices, profile.pairing, profile.texts)
    layers = Set(profile.layers.map(\.layer)).sorted()
    windows = Set(profile.layers.map(\.window)).sorted()
    chunks = profile.layers.first?.agreement.first?.count ?? 0
    statistics = Self.statistics(of: profile.statistics)
    statisticsLayers = (profile.statistics?.layers.map(\.layer) ?? []).sorted()
    dominantChunks = Self.dominantChunks(of: profile, window: ProfileComparison.usualWindow(of: windows))
    serves = Served(
      contextualAgreement: Self.policies(that: .contextualAgreement),
      headStatistics: profile.statistics == nil ? [] : Self.policies(that: .headStatistics))
  }

  private static func policies(that need: PolicyDescriptor.Need) -> [String] {
    PolicyRegistry.policies.map { $0.descriptor }.filter { $0.needs.contains(need) }.map(\.name)
  }

  private static func statistics(of held: HeadStatistics?) -> [Statistic] {
    guard let held else { return [] }
    let isWithOwn = !held.layers.isEmpty && held.layers.allSatisfy { $0.ownChannelWeights != nil }
    return Statistic.allCases.filter { statistic in
      switch statistic {
      case .keyAxes, .channelWeights, .queryCentres, .farMass: !held.layers.isEmpty
      case .ownChannelWeights: isWithOwn
      case .skipFactors: held.skipFactors != nil
      }
    }
  }

  private static func dominantChunks(of profile: CalibrationProfile, window: Int?) -> [Int] {
    let heads = profile.layers.filter { $0.window == window }.flatMap(\.agreement)
    guard let chunks = heads.first?.count else { return [] }
    let means = (0..<chunks).map { chunk in heads.reduce(0) { $0 + $1[chunk] } / Double(heads.count) }
    return ProfileComparison.largest(max(1, chunks / 4), of: means).sorted()
  }
}
