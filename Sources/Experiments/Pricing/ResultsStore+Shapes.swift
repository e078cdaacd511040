import Policies
import Pricing
import Results

extension ResultsStore {
  /// Shapes of what is stored: all, or configurations by their labels or policies.
  ///
  /// - Parameters:
  ///   - names: such as `fasa`, `fasa@256`, or several of them with commas between.
  ///   - database: its name, as errors are to tell it.
  /// - Throws: `PricingError` where there is none.
  public func storedShapes(named names: [String], database: String) throws -> [StoredShape] {
    let stored = try storedShapes()
    let labels = names.flatMap { Self.labels($0, among: stored) }
    let shapes =
      labels.isEmpty ? stored : stored.filter { labels.contains($0.label) || labels.contains($0.policy) }
    guard !shapes.isEmpty else {
      throw labels.isEmpty
        ? PricingError(
          database, expected: "stored configurations", found: "none", advice: "fill it with fasa-sim replay")
        : PricingError(
          database, expected: "configurations called \(labels.joined(separator: ", "))", found: "none",
          advice: "see SELECT label FROM summary")
    }
    return shapes
  }

  /// A label may hold commas of its own, so that it is split only where none is called so.
  private static func labels(_ text: String, among stored: [StoredShape]) -> [String] {
    let whole = ConfigurationLabel(text).text
    if stored.contains(where: { $0.label == whole }) { return [whole] }
    return text.split(separator: ",").map { ConfigurationLabel(String($0)).text }
  }
}
