import Experiments
import Foundation
import Results

/// Runs some units of a sweep into a database that appears when it is whole.
struct PartOfSweep {
  let part: UnitOptions
  let database: String
  let format: FormatOptions

  func run(_ plan: SweepPlan, _ interruption: Interruption) throws {
    let known = try part.knownStores()
    let sweep = try part.sweep(plan)
    // What is done is left as it is.
    if let report = try storeThatIsThere().flatMap({
      try sweep.report(ofWhole: $0, database: database, known: known)
    }) {
      return try print(report)
    }
    let scratch = try ScratchDatabase(for: database, in: part.scratch)
    defer { scratch.remove() }
    let store = try ResultsStore(named: scratch.file)
    interruption.publishes {
      defer { scratch.remove() }
      try scratch.publish()
    }
    let line = ProgressLine("sweeping \(sweep.traces) traces", count: interruption.counted)
    defer { line.finish() }
    let report = try sweep.runUnits(store: store, database: database, known: known, storing: interruption) {
      line.update($0, of: $1)
    }
    line.finish()
    // Where all that was tried failed, the target stays as it was.
    if report.hasAdded || report.failures.isEmpty {
      try scratch.publish { try sweep.report(ofWhole: $0, database: database, known: known) != nil }
    }
    try print(report)
    try fail(report)
  }

  /// Nil where there is none, or one that must be brought up to date first.
  private func storeThatIsThere() throws -> ResultsStore? {
    do { return try ResultsStore(named: database, access: .readOnly) } catch let error as ResultsError
      where [.fileMissing, .folderMissing, .olderVersion].contains(error.kind)
    { return nil }
  }

  private func print(_ report: ShardReport) throws {
    try format.print(json: report.json, rows: report.lines, document: report.document)
  }

  /// Where another try may help one of the units, it is worth one.
  private func fail(_ report: ShardReport) throws {
    var ended = report.failures.map { ExitStatus.Ended(status: ExitStatus.status(of: $0), error: $0) }
    guard !ended.isEmpty else { return }
    let last = ended.remove(at: ended.firstIndex { $0.status == ExitStatus.tryAgain } ?? 0)
    for other in ended { Output.note("Error: \(other.error)") }
    throw last
  }
}
