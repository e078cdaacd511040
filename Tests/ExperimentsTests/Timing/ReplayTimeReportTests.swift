import Attention
import Foundation
import Testing

@testable import Experiments

/// What `bench replay` tells, of times that were made up.
@Suite struct ReplayTimeReportTests {
  private static let report = ReplayTimeReport(
    trace: "t.zst", processor: "a processor", roofline: KernelReportTests.roofline(threads: 2),
    rows: [
      .init(
        added: "oracle @ 8", seconds: Quantity([1, 2, 3]), floorSeconds: 0.5, operations: 10, scoreBytes: 20,
        addedShareOfFirst: nil),
      .init(
        added: "quest @ 8", seconds: Quantity([2.5]), floorSeconds: 1, operations: 30, scoreBytes: 40,
        addedShareOfFirst: 0.25),
    ])

  /// The first stands alone; each other is what it adds.
  @Test func theTableTellsWhatEachConfigurationAdds() {
    let lines = Self.report.document.text().split(separator: "\n").map {
      $0.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
    #expect(lines.first == ["a processor, portable, 2 threads, 50 GFLOP/s"])
    #expect(
      lines.suffix(2) == [
        ["oracle @ 8", "2.000", "1.000–3.000", "0.500", "4.00×", "–"],
        ["+ quest @ 8", "2.500", "2.500–2.500", "1.000", "2.50×", "25.0 %"],
      ])
  }

  @Test func linesHaveTheDatabasesNames() throws {
    #expect(
      try RecordLines.jsonLines(Self.report.lines).split(separator: "\n").last
        == #"{"label":"quest @ 8","median_s":2.5,"low_s":2.5,"high_s":2.5,"floor_s":1.0,"operations":30,"score_bytes":40,"added_share_of_first":0.25}"#
    )
  }
}
