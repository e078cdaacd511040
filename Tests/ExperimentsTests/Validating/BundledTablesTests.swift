import Foundation
import Pricing
import Testing

@testable import Experiments

/// The tables that lie beside the one that is fitted, held against the bundled kernel sets.
@Suite struct BundledTablesTests {
  @Test func everyBundledTableIsHeldAgainstTheSets() throws {
    let tables = try TableComparison.bundled(BundledKernels(added: []))
    #expect(tables.map(\.kind) == [.dense, .stages, .published])
    for table in tables {
      #expect(!table.predictions.isEmpty && table.predictions.allSatisfy { $0.measured > 0 })
      #expect(table.predictions.allSatisfy { $0.predicted.count == table.sets.count })
      // Every row is in one line of a short account, or in one of all and one of those from memory.
      let lines = table.lines(isShort: true).filter { $0.part != TableComparison.fromMemory }
      #expect(lines.map(\.rows).reduce(0, +) == table.predictions.count)
    }
    let short = Document(tables.flatMap(\.shortBlocks)).text()
    for (name, table) in zip(
      ["decode-attention", "sparse-attention-stages", "published-decode-times"], tables)
    {
      #expect(short.contains("\(name).csv"))
      #expect(short.contains("\(NumberText.grouped(table.predictions.count)) rows, nothing fitted here"))
    }
    // The sets that were fitted to rows like these are said to be.
    #expect(short.contains("vllm") && short.contains("fitted to"))
  }

  /// A line of csv for each kernel set that predicts any of its rows; a speed-up has a side of 1×.
  @Test func rowsAreOfEachLineAndSet() throws {
    let table = try #require(
      TableComparison.bundled(BundledKernels(added: [])).first { $0.kind == .published })
    let report = ValidationReport(
      path: table.path, outcomes: [], listsCases: false, claim: nil, quest: nil, local: nil, tables: [table],
      isComparison: true)
    let lines = table.lines(isShort: false)
    let objects = try RecordLines.jsonLines(report.rows).split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    #expect(objects.count == lines.map { $0.errors.compactMap(\.self).count }.reduce(0, +))
    var place = 0
    for line in lines {
      for (set, error) in zip(table.sets.indices, line.errors) {
        guard let error else { continue }
        let object = objects[place]
        place += 1
        #expect(object["kernels"] as? String == table.sets[set] && object["rows"] as? Int == line.rows)
        #expect((object["labels"] as? [String: String])?["kind"] == line.labels[0])
        // The reader of JSON on Linux takes a number for one of its neighbours at times.
        let median = try #require(object["relative_error_p50"] as? Double)
        #expect(abs(median - error.median) < 1e-12)
        #expect((object["decided"] as? Int ?? 0) == line.decided)
        #expect(object["side_right"] as? Int == (line.decided > 0 ? line.sideRight[set] : nil))
      }
    }
    #expect(lines.contains { $0.decided > 0 } && lines.contains { $0.decided == 0 })
  }

  @Test func aTableThatKernelSetsAreFittedToIsNoneOfThese() throws {
    let sparq = MeasurementTable.columns.joined(separator: ",")
    let rows = try TableRows(
      Data("\(sparq)\ngpu,G,attn-x,float16,4,1024,32,128,,,0.002\n".utf8), path: "s.csv")
    let error = #expect(throws: PricingError.self) {
      try TableComparison(rows, kernels: [], BundledKernels(added: []))
    }
    #expect(error?.description == "s.csv: expected measured times of today's kernels, found those of SparQ's")
  }
}
