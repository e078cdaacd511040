import Attention
import Foundation

/// A table of measurements: comma-separated, the columns of `hardware/measurements/sparq.csv`.
public struct MeasurementTable: Sendable {
  public let rows: [Measurement]
  /// As the file names it.
  public let path: String

  public static let columns = [
    "device_kind", "device", "kernel", "dtype", "batch", "sequence_length", "heads", "head_dim", "rank_r",
    "top_k",
    "duration_s",
  ]

  private static let elementBytes = ["float16": 2.0, "bfloat16": 2.0, "float32": 4.0]

  public init(path: String) throws {
    guard let data = WholeFile.data(path) else {
      throw PricingError(
        path, expected: "a table of measurements", found: "no file that can be read",
        advice: "name another file")
    }
    try self.init(data, path: path)
  }

  /// - Parameter path: as errors shall name it.
  /// - Throws: `PricingError` where the bytes are no such table.
  package init(_ data: Data, path: String) throws {
    self.path = path
    guard let text = String(data: data, encoding: .utf8) else {
      throw PricingError(
        path, expected: "text in UTF-8", found: "other bytes", advice: "give the table as CSV")
    }
    // A comment says where the numbers are from.
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().filter
    {
      !$1.hasPrefix("#") && !$1.isEmpty
    }
    guard let header = lines.first else {
      throw PricingError(path, expected: "a header line", found: "an empty file")
    }
    let names = header.element.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let missing = Self.columns.filter { !names.contains($0) }
    guard missing.isEmpty else {
      throw PricingError(
        path, expected: "the columns \(Self.columns.joined(separator: ","))",
        found: "none called \(missing.joined(separator: ", "))", advice: "see docs/hardware.md")
    }
    rows = try lines.dropFirst().map { line in
      try Self.row(String(line.element), names: names, place: "\(path):\(line.offset + 1)")
    }
    guard !rows.isEmpty else {
      throw PricingError(path, expected: "measurements", found: "a header alone")
    }
  }

  private static func row(_ line: String, names: [String], place: String) throws -> Measurement {
    let cells = line.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    guard cells.count == names.count else {
      throw PricingError(place, expected: "\(names.count) columns", found: "\(cells.count)")
    }
    let fields = Dictionary(zip(names, cells)) { first, _ in first }
    func number(_ name: String, unit: String, range: ClosedRange<Double> = 1...1e12) throws -> Double {
      let text = fields[name] ?? ""
      guard let value = Double(text), range.contains(value) else {
        throw PricingError(
          "\(place): \(name)", expected: "\(unit), from \(range.lowerBound) to \(range.upperBound)",
          found: "'\(text)'")
      }
      return value
    }
    let type = fields["dtype"] ?? ""
    guard let elementBytes = elementBytes[type] else {
      throw PricingError(
        "\(place): dtype", expected: elementBytes.keys.sorted().joined(separator: ", "), found: "'\(type)'")
    }
    let isSparse = fields["rank_r"] != ""
    guard isSparse == (fields["top_k"] != "") else {
      throw PricingError(
        place, expected: "both rank_r and top_k, or for dense attention neither", found: "one of them")
    }
    return Measurement(
      deviceKind: fields["device_kind"] ?? "", device: fields["device"] ?? "", kernel: fields["kernel"] ?? "",
      elementBytes: elementBytes, batch: try number("batch", unit: "sequences"),
      tokens: try number("sequence_length", unit: "tokens"), heads: try number("heads", unit: "heads"),
      headDim: try number("head_dim", unit: "channels"),
      rank: isSparse ? try number("rank_r", unit: "channels") : nil,
      topK: isSparse ? try number("top_k", unit: "tokens") : nil,
      seconds: try number("duration_s", unit: "seconds", range: 1e-9...1e6))
  }
}
