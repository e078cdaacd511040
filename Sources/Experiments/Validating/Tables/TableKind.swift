import Pricing

/// What a table of measurements holds, as its columns tell.
enum TableKind: String, CaseIterable {
  /// Steps of one layer, dense and SparQ, that kernel sets are fitted to.
  case layers
  /// Dense kernels, called again and again.
  case dense = "dense kernels"
  /// Stages of sparse attention, each apart.
  case stages = "stages of sparse attention"
  /// Kernels and whole steps as papers, engines and benchmarks publish them.
  case published = "published times"

  var columns: [String] {
    switch self {
    case .layers: MeasurementTable.columns
    case .dense: DenseTable.columns
    case .stages: StagesTable.columns
    case .published: PublishedTimes.columns
    }
  }

  /// - Throws: `PricingError` that names the columns which the likest kind has and the table lacks.
  init(_ rows: TableRows) throws {
    func missing(_ kind: TableKind) -> [String] { kind.columns.filter { rows.columns[$0] == nil } }
    func share(_ kind: TableKind) -> Double { Double(missing(kind).count) / Double(kind.columns.count) }
    let likest = Self.allCases.min { share($0) < share($1) } ?? .layers
    guard missing(likest).isEmpty else {
      throw PricingError(
        rows.path, expected: "the columns \(likest.columns.joined(separator: ","))",
        found: "none called \(missing(likest).joined(separator: ", "))", advice: "see docs/hardware.md")
    }
    self = likest
  }
}
