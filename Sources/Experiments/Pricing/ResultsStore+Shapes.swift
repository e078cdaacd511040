import Pricing
import Results

extension ResultsStore {
  /// Shapes of what is stored: all, or the configurations that names stand for.
  ///
  /// - Parameters:
  ///   - names: as ``configurations(named:)`` takes them, such as `fasa`, `fasa@256`, or several with commas between.
  ///   - database: its name, as errors are to tell it.
  /// - Throws: `PricingError` where nothing is stored, `ResultsError` where a name is unknown.
  public func storedShapes(named names: [String], database: String) throws -> [StoredShape] {
    let shapes = try storedShapes(configurations: names.isEmpty ? nil : configurations(named: names))
    guard !shapes.isEmpty else {
      throw PricingError(
        database, expected: "stored configurations", found: "none", advice: "fill it with fasa-sim replay")
    }
    return shapes
  }
}
