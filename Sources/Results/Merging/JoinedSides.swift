import GRDB

/// The sides of a comparison that lie in two databases, brought together in memory.
public struct JoinedSides {
  public let store: ResultsStore
  /// The sides as the store has them.
  public let a: ComparisonSubject
  public let b: ComparisonSubject

  /// - Parameters:
  ///   - a: what is compared, and the file that it lies in.
  /// - Throws: ``ResultsError``, of the file that lacks a side or cannot be read; of kind `notReproduced` where one build gave
  ///   other bits there.
  public init(
    _ a: (subject: ComparisonSubject, file: String), _ b: (subject: ComparisonSubject, file: String)
  ) throws {
    store = try ResultsStore(path: DatabasePath.memory)
    let sources = try [a, b].map { try MergeSource($0.file, patience: 10) }
    self.a = try store.take(a.subject, of: sources[0])
    self.b = try store.take(b.subject, of: sources[1])
  }
}

extension ResultsStore {
  /// Takes what a name stands for in another database, and tells what it is here.
  fileprivate func take(_ subject: ComparisonSubject, of source: MergeSource) throws -> ComparisonSubject {
    let rows = try source.rows(subject)
    let taken = try merge(source, chosen: rows)
    switch subject {
    case .run(let run): return .run(taken.runs[run] ?? run)
    case .label:
      let here = rows.compactMap { taken.configurations[$0] }.sorted().map(String.init)
      return .label("\(SideName.rowPrefix)\(here.joined(separator: ","))")
    }
  }
}
