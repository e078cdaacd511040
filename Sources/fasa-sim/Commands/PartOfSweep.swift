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
    if let report = try ResultsStore.thatIsThere(database).flatMap({
      try sweep.report(ofWhole: $0, database: database, known: known)
    }) {
      return try print(report)
    }
    let scratch = try interruption.uncut {
      let scratch = try ScratchDatabase(for: database, in: part.scratch)
      interruption.publishes({ try scratch.publish() }, clearing: { scratch.remove() })
      return scratch
    }
    defer { scratch.remove() }
    try scratch.fetch()
    let store = try ResultsStore(named: scratch.file)
    let line = ProgressLine(
      "sweeping \(sweep.traces) traces", try sweep.estimate(in: store, known: known),
      threads: plan.request.threads, count: interruption.counted)
    defer { line.finish() }
    let report: ShardReport
    do {
      report = try sweep.runUnits(store: store, database: database, known: known, storing: interruption) {
        line.update($0, of: $1)
      }
    } catch {
      // What is whole is kept, as where a signal ends the command.
      if interruption.hasStored { try? scratch.publish() }
      throw error
    }
    line.finish()
    // Where all that was tried failed, the target stays as it was.
    if report.hasAdded || report.failures.isEmpty {
      try scratch.publish {
        try sweep.report(ofWhole: $0, database: database, known: known, prices: false) != nil
      }
    }
    // A reader of the result that has gone ends the process here.
    scratch.remove()
    try print(report)
    try fail(report)
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
