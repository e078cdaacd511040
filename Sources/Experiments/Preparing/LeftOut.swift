/// A policy that came with others and cannot run on a trace.
package struct LeftOut: Sendable, Equatable {
  /// Its label.
  let policy: String
  /// That it is left out and why, a sentence.
  let note: String

  /// One note for all of them: the reason of a lone one, else their names and where reasons are told.
  static func note(_ leftOut: [LeftOut], reasons: String) -> String? {
    let names = leftOut.map(\.policy).unique
    guard let first = leftOut.first, leftOut.count > 1 else { return leftOut.first?.note }
    guard names.count > 1 else {
      return "left out: \(first.policy), \(leftOut.count) times; \(reasons) says why"
    }
    return "left out: \(names.count) policies (\(names.joined(separator: ", "))); \(reasons) says why"
  }
}
