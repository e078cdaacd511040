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

extension JoinedSides {
  /// An error of the store in memory, in the words by which the sides were asked for.
  ///
  /// - Parameters:
  ///   - a: the first side, as it was typed.
  public func told(_ error: ResultsError, a typedA: String, b typedB: String) -> ResultsError {
    guard error.file == store.file else { return error }
    func renamed(_ text: String) -> String {
      // The longer one first: run:1 is a part of run:12.
      [(a.description, typedA), (b.description, typedB)].sorted { $0.0.count > $1.0.count }
        .reduce(text) { $0.replacing($1.0, with: $1.1) }
    }
    return ResultsError(
      error.kind, file: "\(typedA), \(typedB)", expected: renamed(error.expected),
      found: renamed(error.found),
      advice:
        "name configurations that were replayed on the same traces, layers, heads and steps, by @trace:, @layers: and the like before the file"
    )
  }
}

extension ResultsStore {
  /// Takes what a name stands for in another database, and tells what it is here.
  fileprivate func take(_ subject: ComparisonSubject, of source: MergeSource) throws -> ComparisonSubject {
    let rows = try source.rows(subject)
    let taken = try merge(source, chosen: rows)
    switch subject {
    case .run(let run):
      guard let here = taken.runs[run] else { throw ResultsStore.unknown(run: run, in: source.file) }
      return .run(here)
    case .label:
      let here = rows.compactMap { taken.configurations[$0] }.sorted().map(String.init)
      return .label("\(SideName.rowPrefix)\(here.joined(separator: ","))")
    }
  }
}
