import Attention
import Policies
import Simulator

/// Patterns of anchors, each replayed, after the policy with a choice of every layer's own.
public struct AnchorsReport: Encodable, Sendable {
  public struct Row: Encodable, Sendable {
    /// Layers that choose; nil for all.
    public let anchors: [Int]?
    public let label: String
    public let weightedOutputError: Double
    public let outputError: Double
    public let mass: Double
    /// Of dense attention's, as read once per KV group.
    public let groupUnionBytesShare: Double
  }

  public let trace: String
  public let budget: String?
  public let foundBy: String
  public let rows: [Row]
  public let notes: [String]
  public let exactResultsDigest: String
  private let layers: Int

  private enum CodingKeys: String, CodingKey { case trace, budget, foundBy, rows, notes, exactResultsDigest }

  init(
    trace: String, policy: PolicyConfiguration, budget: Budget?, loss: AnchorLoss, layers: Int,
    result: ReplayResult, notes: [String]
  ) {
    self.trace = trace
    self.budget = budget?.description
    foundBy = loss.rawValue
    self.layers = layers
    self.notes = notes + result.notes
    exactResultsDigest = result.exactResultsDigest
    let dense = Self.bytes(result.dense)
    rows = result.configurations.map { found in
      let norms = found.heads.reduce(0) { $0 + $1.outputNormSum }
      return Row(
        anchors: found.configuration.policy.anchors, label: found.configuration.label,
        weightedOutputError: AnchorLoss.weightedError.of(found.heads) / norms,
        outputError: found.heads.mean(.outputError),
        mass: found.heads.mean(.mass), groupUnionBytesShare: Self.bytes(found.traffic) / dense)
    }
  }

  private static func bytes(_ work: [GroupWork]) -> Double {
    Double(
      work.reduce(0) { $0 + $1.work.total.readGroupUnion + $1.work.total.written })
  }

  public var text: String { document.text() }

  /// The text, to be laid out.
  package var document: Document {
    let table = TextTable(
      rows,
      [
        .right("anchors") { $0.anchors.map { "\($0.count)" } ?? "all \(layers)" },
        .right("weighted") { NumberText.decimal($0.weightedOutputError) },
        .right("output error") { NumberText.decimal($0.outputError) },
        .right("mass", drop: 1) { NumberText.decimal($0.mass) },
        .right("bytes/group") { NumberText.percent($0.groupUnionBytesShare) },
        .left("policy") { ConfigurationLabel($0.label).policy },
      ])
    let told =
      [
        "each number of anchors with the pattern that loses least by \(foundBy) on this trace, in open loop; errors and mass of all layers, bytes as dense attention's share"
      ] + notes
    return Document([.table(table), .notes(told, then: ["exact results \(exactResultsDigest)"])])
  }
}
