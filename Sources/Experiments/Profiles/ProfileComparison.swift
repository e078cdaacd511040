import Attention
import Policies
import Simulator

/// How alike two profiles of one shape are, by what they hold, layer and head: what another text or another quantisation changes.
package struct ProfileComparison: Encodable {
  /// One head's measure: 1 where both profiles say the same.
  package struct Head: Encodable {
    let layer: Int
    /// A query head or a KV head, as ``Kind/heads`` are.
    let head: Int
    let value: Double
  }

  /// One thing that both hold.
  package struct Kind: Encodable {
    let name: String
    /// K, of contextual agreement.
    let window: Int?
    /// What a value of 1 says, and what one would be by chance, where that can be known.
    let measure: String
    let byChance: Double?
    let mean: Double
    let least: Head
    let heads: [Head]

    enum CodingKeys: String, CodingKey {
      case name, window, measure, mean, least, heads
      case byChance = "by_chance"
    }

    /// Nil where there is nothing to compare.
    init?(_ name: String, window: Int? = nil, measure: String, byChance: Double? = nil, _ heads: [Head]) {
      guard let least = heads.min(by: { $0.value < $1.value }) else { return nil }
      (self.name, self.window, self.measure, self.byChance) = (name, window, measure, byChance)
      mean = heads.reduce(0) { $0 + $1.value } / Double(heads.count)
      (self.least, self.heads) = (least, heads)
    }
  }

  let first: ProfileDescription
  let second: ProfileDescription
  package let kinds: [Kind]
  /// The contextual agreement that is shown layer by layer.
  let shownWindow: Int?
  let notes: [String]

  enum CodingKeys: String, CodingKey {
    case first, second, kinds, notes
    case shownWindow = "shown_window"
  }

  /// - Parameters:
  ///   - share: of chunks and channels, how many count as a head's largest.
  ///   - window: K whose agreement is shown layer by layer; nil for the usual one.
  /// - Throws: `ReplayError` where nothing of the two can be compared.
  package init(_ a: LoadedProfile, _ b: LoadedProfile, share: Budget, window: Int?) throws {
    (first, second) = (ProfileDescription(a), ProfileDescription(b))
    try Self.checkShape(first, second)
    let windows = first.windows.filter(second.windows.contains)
    if let window, !windows.contains(window) {
      throw ReplayError(
        "K = \(window)", expected: "one that both profiles hold",
        found: windows.isEmpty
          ? "none in common" : "\(windows.map(String.init).joined(separator: ", ")) in common",
        advice: "choose one of those, or calibrate for it")
    }
    shownWindow = window ?? Self.usualWindow(of: windows)
    var notes: [String] = []
    if first.model.name != second.model.name {
      notes.append("of other models: \(first.model.name) and \(second.model.name)")
    } else if first.model.sha256 != second.model.sha256 {
      notes.append("of other weights (SHA-256), such as another quantisation")
    }
    let sharedTexts = Set(first.texts.map(\.sha256)).intersection(second.texts.map(\.sha256))
    if !sharedTexts.isEmpty {
      notes.append("calibrated on \(sharedTexts.count == 1 ? "a text" : "texts") in common")
    }
    var kinds = windows.compactMap { Self.agreement(a.profile, b.profile, window: $0, share: share) }
    if first.pairing == second.pairing, let one = a.profile.statistics, let other = b.profile.statistics {
      kinds += StatisticsComparison(one, other, share: share).kinds
    } else if a.profile.statistics != nil, b.profile.statistics != nil {
      notes.append("head statistics are in channels of two layouts, and are not compared")
    }
    guard !kinds.isEmpty else {
      throw ReplayError(
        "\(a.path) and \(b.path)", expected: "a layer and K, or head statistics, that both hold",
        found: "none",
        advice: "calibrate both for the same layers and K")
    }
    (self.kinds, self.notes) = (kinds, notes)
  }

  private static func checkShape(_ a: ProfileDescription, _ b: ProfileDescription) throws {
    func shape(_ profile: ProfileDescription) -> String {
      let model = profile.model
      return
        "\(model.layers) layers, \(model.queryHeads) query heads, \(model.kvHeads) KV heads, d \(model.headDim), \(profile.chunks) chunks"
    }
    guard shape(a) == shape(b) else {
      throw ReplayError(
        b.path, expected: "a profile of the shape of \(a.path): \(shape(a))", found: shape(b),
        advice: "compare profiles of one model")
    }
    guard a.slices == b.slices else {
      throw ReplayError(
        b.path, expected: "chunks that are \(a.slices.rawValue) slices, as in \(a.path)",
        found: "\(b.slices.rawValue) slices", advice: "calibrate both with the same")
    }
  }

  /// The one that policies take where they are not told: the nearest to 256, the smaller of two.
  static func usualWindow(of windows: [Int]) -> Int? {
    windows.min { (abs($0 - 256), $0) < (abs($1 - 256), $1) }
  }

  private static func agreement(
    _ a: CalibrationProfile, _ b: CalibrationProfile, window: Int, share: Budget
  ) -> Kind? {
    let others = b.layers.filter { $0.window == window }
    var byChance: Double?
    let heads = a.layers.filter { $0.window == window }.flatMap { layer -> [Head] in
      guard let other = others.first(where: { $0.layer == layer.layer }) else { return [] }
      return zip(layer.agreement, other.agreement).enumerated().map { head, pair in
        let count = share.tokens(visible: pair.0.count)
        byChance = Double(count) / Double(pair.0.count)
        return Head(layer: layer.layer, head: head, value: inCommon(count, pair.0, pair.1))
      }
    }
    return Kind(
      "dominant chunks", window: window, measure: "share in common", byChance: byChance, heads)
  }

  /// Of the `count` largest of either, the share that are the other's too.
  static func inCommon(_ count: Int, _ a: [some Comparable], _ b: [some Comparable]) -> Double {
    Double(Set(largest(count, of: a)).intersection(largest(count, of: b)).count) / Double(count)
  }

  /// The places of the largest, the first of equal ones.
  static func largest(_ count: Int, of values: [some Comparable]) -> [Int] {
    Array(values.indices.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(count))
  }
}
