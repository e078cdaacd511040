import Foundation
import GRDB
import Simulator
import Synchronization
import Testing

@testable import Results

/// What is asked of one configuration is looked up by keys: no table that grows with the database is read through.
struct QueryPlanTests {
  let store: ResultsStore

  /// Tables that have many rows for each configuration or scope, and what SQLite would make of them.
  static let large = [
    "configurations", "head_summaries", "steps", "traffic", "residency", "dense_traffic", "dense_residency",
    "kernel_samples", "kernel_medians", "kernel_stage_totals", "modelled", "configuration_totals",
    "scope_totals", "layer_summaries", "layer_steps",
  ]

  init() throws {
    store = try ResultsStore.inMemory()
    let heads = [Samples.head(steps: 16) { metric, step in Double(metric.rawValue + step) }]
    let norms = (0..<16).map { Double($0 + 1) }
    let layers = [LayerResult(layer: 0, differenceNorms: norms, outputNorms: norms)]
    let configurations = try ["fasa", "oracle", "random"].map {
      try Samples.configuration($0, heads: heads, layers: layers, samples: KernelTimeTests.oddPairs)
    }
    for _ in 0..<2 {
      try store.store(
        Samples.result(steps: 16, configurations), run: try store.beginRun(Samples.run), detail: .step)
    }
  }

  /// Steps of a plan that read a large table from end to end.
  private func scans(_ sql: String) throws -> [String] {
    try store.database.read { db in
      try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(sql)").map { $0["detail"] as String }
    }.filter { step in
      let words = step.split(separator: " ")
      guard words.first == "SCAN", words.count > 1 else { return false }
      // Aliases too: a query's own names begin with the letter of a side.
      return Self.large.contains(String(words[1]))
        || ["a", "b", "c", "ha", "hb", "totals", "timed", "heads", "whole"].contains(words[1])
    }
  }

  @Test func aScanIsSeen() throws {
    #expect(try scans("SELECT avg(recall) FROM steps").count == 1)
  }

  @Test(arguments: [
    "quality", "layer_quality", "bytes", "kernel_stages", "kernel_speedups", "modelled_speedups", "summary",
  ])
  func aViewOfOneConfigurationReadsItsRows(view: String) throws {
    #expect(try scans("SELECT * FROM \(view) WHERE configuration = 2") == [])
  }

  @Test(arguments: [
    "SELECT * FROM summary WHERE identity = 'x'", "SELECT * FROM summary WHERE configuration IN (2, 3)",
    "SELECT * FROM bytes WHERE configuration IN (2, 3)",
    "SELECT * FROM quality WHERE configuration IN (2, 3)",
    "SELECT * FROM comparison WHERE configuration_a = 1 AND configuration_b = 2",
    "SELECT * FROM kernel_speedups WHERE configuration IN (2, 3)",
  ])
  func severalAreLookedUpOneByOne(sql: String) throws { #expect(try scans(sql) == []) }

  /// Every statement of what commands do for some configurations, as it is run.
  @Test func commandsLookUp() throws {
    let statements = Mutex<Set<String>>([])
    store.database.writeWithoutTransaction { db in
      db.trace(options: .statement) { event in
        if case .statement(let statement) = event {
          _ = statements.withLock { $0.insert(statement.expandedSQL) }
        }
      }
    }
    let stored = try store.configurations()
    statements.withLock { $0.removeAll() }
    let identity = try ConfigurationIdentity(
      of: Samples.configuration("oracle", heads: [Samples.head(steps: 16) { _, _ in 0 }]),
      in: Samples.result(steps: 16, []))
    #expect(try store.summaries(identities: [identity]).count == 1)
    #expect(try store.contains(identity, detail: .step, kernelThreads: 1))
    #expect(try store.storedShapes(configurations: [stored[0].configuration]).count == 1)
    #expect(try store.pairedDifferences("fasa", "oracle@4").differences.count == 5)
    #expect(try store.pairedRuns(1, 2).pairs.count == 3)
    store.database.writeWithoutTransaction { $0.trace(options: []) }
    let asked = statements.withLock { $0.filter { $0.hasPrefix("SELECT") || $0.hasPrefix("WITH") } }
    #expect(asked.count > 20)
    for sql in asked.sorted() { #expect(try scans(sql) == [], "\(sql)") }
  }
}
