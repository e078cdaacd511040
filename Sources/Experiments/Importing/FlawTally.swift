/// How many rows had a flaw, and where the first of them stand.
package struct FlawTally: Sendable, Equatable, Encodable {
  /// Enough to look them up; more would bury the rest.
  static let shown = 3

  private(set) var count = 0
  /// Lines of the file, or rows of a Parquet file, from 1.
  private(set) var first: [Int] = []
  /// What stood there, where that tells more than the flaw does: the first different ones.
  private(set) var found: [String] = []

  mutating func add(_ number: Int, found text: String? = nil) {
    count += 1
    if first.count < Self.shown { first.append(number) }
    if let text, found.count < Self.shown, !found.contains(text) { found.append(text) }
  }

  /// `'auto', the first at lines 3, 4, 5`, or `'auto', at line 3` of one alone.
  func places(_ unit: String) -> String {
    let quoted = found.map { "'\($0)'" }.joined(separator: ", ") + (found.isEmpty ? "" : ", ")
    let numbers = first.map(String.init).joined(separator: ", ")
    return quoted + (count == 1 ? "at \(unit) \(numbers)" : "the first at \(unit)s \(numbers)")
  }
}
