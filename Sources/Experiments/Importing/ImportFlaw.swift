/// Why a row of a published table is not taken over.
package enum ImportFlaw: String, Sendable, CaseIterable {
  case otherOperation, slidingWindow, beamSearch, unknownType, noTime, beatsMemory

  /// What the rows are, for people.
  var text: String {
    switch self {
    case .otherOperation: "not of decode attention"
    case .slidingWindow: "of a sliding window"
    case .beamSearch: "of several beams"
    case .unknownType: "of a cache whose type is none of \(PerformanceTable.typeNames)"
    case .noTime: "whose time is no number above 0"
    case .beatsMemory: "faster than the memory can read their keys and values"
    }
  }
}

/// How many rows had a flaw, and where the first of them stand.
package struct FlawTally: Sendable, Equatable, Encodable {
  /// Enough to look them up; more would bury the rest.
  static let shown = 3

  private(set) var count = 0
  /// Lines of the file, or rows of a Parquet file, from 1.
  private(set) var first: [Int] = []

  mutating func add(_ number: Int) {
    count += 1
    if first.count < Self.shown { first.append(number) }
  }

  /// `the first at lines 3, 4, 5`, or `at line 3` of one alone.
  func places(_ unit: String) -> String {
    let numbers = first.map(String.init).joined(separator: ", ")
    return count == 1 ? "at \(unit) \(numbers)" : "the first at \(unit)s \(numbers)"
  }
}
