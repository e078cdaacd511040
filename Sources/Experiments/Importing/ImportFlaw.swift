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
