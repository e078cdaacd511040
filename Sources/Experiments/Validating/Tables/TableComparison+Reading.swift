import Foundation
import Pricing

extension TableComparison {
  /// What `hardware/measurements` holds beside the table that is fitted, as it is or compressed.
  private static let bundledNames = ["decode-attention", "sparse-attention-stages", "published-decode-times"]

  /// - Parameter kernels: names of those to look at; empty for all.
  /// - Throws: `PricingError` where a row is wrong, or the table knows no such kernel or no machine.
  init(_ rows: TableRows, kernels: [String], _ bundled: BundledKernels) throws {
    func check(_ known: some Sequence<String>) throws {
      try HardwareValidation.check(kernels, among: Set(known).sorted(), of: rows.path)
    }
    switch try TableKind(rows) {
    case .layers:
      throw PricingError(rows.path, expected: "measured times of today's kernels", found: "those of SparQ's")
    case .dense:
      let table = try DenseTable(rows)
      try check(table.rows.map(\.kernel))
      self.init(table, path: rows.path, kernels: kernels, bundled)
    case .stages:
      let table = try StagesTable(rows)
      try check(table.rows.map(\.kernel))
      self.init(table, path: rows.path, kernels: kernels, bundled)
    case .published:
      try check([])
      self.init(try PublishedTimes(rows), path: rows.path, bundled)
    }
    guard !predictions.isEmpty else {
      throw PricingError(
        rows.path, expected: "rows that a bundled kernel set predicts",
        found: leftOut.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "),
        advice: "give a description of the machine, or name another table")
    }
  }

  /// The bundled tables that a folder of descriptions holds; an older folder has none.
  ///
  /// - Throws: `PricingError` where one is wrong.
  static func bundled(_ kernels: BundledKernels) throws -> [TableComparison] {
    try bundledNames.compactMap { name in
      let paths = ["csv.zst", "csv"].compactMap { try? HardwareLocator.file("measurements/\(name).\($0)") }
      return try paths.first.map { path in
        try TableComparison(
          TableRows(MeasurementText.data(path), path: path), kernels: [], kernels)
      }
    }
  }
}
