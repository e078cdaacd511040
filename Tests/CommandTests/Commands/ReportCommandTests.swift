import Foundation
import GRDB
import Results
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// The page as a file; `scripts/test-report` opens it in a browser.
@Suite struct ReportCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  private func run(_ command: String) throws -> Executable.Outcome {
    try Executable.run(command.split(separator: " ").map(String.init), in: folder)
  }

  private func replay() throws {
    let outcome = try run(
      "replay t.zst --policy oracle,streaming-llm --budget 8,16 --detail step --no-timing")
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  /// The data of a page, as a browser would parse it.
  private func data(_ page: String) throws -> [String: Any] {
    let start = try #require(page.range(of: #"<script type="application/json" id="report-data">"#))
    let end = try #require(page.range(of: "</script>", range: start.upperBound..<page.endIndex))
    let json = Data(page[start.upperBound..<end.lowerBound].utf8)
    return try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
  }

  /// A table of the data as rows, its columns unpacked as the page does.
  private func rows(_ data: [String: Any], _ name: String) throws -> [[String: Any]] {
    var rows: [[String: Any]] = []
    for (column, packed) in try #require(data[name] as? [String: Any]) {
      var values = packed as? [Any] ?? []
      if let parts = packed as? [String: [Any]], let of = parts["of"], let at = parts["at"] as? [Int] {
        values = at.map { of[$0] }
      } else if let parts = packed as? [String: [Any]], let runs = parts["runs"] {
        values = try stride(from: 0, to: runs.count, by: 2).flatMap {
          Array(repeating: runs[$0], count: try #require(runs[$0 + 1] as? Int))
        }
      }
      if rows.isEmpty { rows = Array(repeating: [:], count: values.count) }
      #expect(rows.count == values.count, "\(column)")
      for (row, value) in values.enumerated() where !(value is NSNull) { rows[row][column] = value }
    }
    return rows
  }

  @Test func thePageHoldsTheDatabase() throws {
    try replay()
    let outcome = try run("report")
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("report.html: 4 configurations, "), "\(outcome.output)")
    let page = try folder.text("report.html")
    let found = try data(page)
    let rows = try rows(found, "configurations")
    let expected = try ResultsStore(path: folder.path("runs.db"), access: .readOnly).summaries()
    #expect(rows.compactMap { $0["label"] as? String } == expected.map(\.label))
    #expect(rows.compactMap { $0["exactResultsDigest"] as? String } == expected.map(\.exactResultsDigest))
    for (row, summary) in zip(rows, expected) {
      let recall = try #require((row["recall.value"] as? NSNumber)?.doubleValue)
      #expect(abs(recall - (summary.recall ?? .nan)) < 1e-6)
      #expect(row["intervals"] as? String == "steps")
    }
    let runs = try self.rows(found, "runs")
    #expect((runs.first?["commandLine"] as? String)?.contains("replay t.zst --policy") == true)
    #expect(!page.contains("{{"))
  }

  /// Nothing is fetched: no element names an address, and the page's policy forbids all.
  @Test func thePageStandsAlone() throws {
    try replay()
    #expect(try run("report").status == 0)
    let page = try folder.text("report.html")
    for sign in [" src=", " href=", "@import", "url("] {
      let template = try ReportPage.file("page.html") + ReportPage.file("page.css")
      #expect(!template.contains(sign), "\(sign)")
    }
    #expect(page.contains("default-src 'none'"))
    #expect(page.contains("University of Washington Interactive Data Lab"))
  }

  @Test func textOfTheDatabaseCannotBecomeMarkup() throws {
    try replay()
    let title = #"</script><script>alert("1")</script> <!-- 'ünïcode' & 🙂 {{vega}} \"#
    try DatabaseQueue(path: folder.path("runs.db")).write {
      try $0.execute(sql: "UPDATE traces SET text_title = ?", arguments: [title])
    }
    try FileManager.default.moveItem(atPath: folder.path("runs.db"), toPath: folder.path("<b>&.db"))
    #expect(try Executable.run(["report", "--db", "<b>&.db"], in: folder).status == 0)
    let page = try folder.text("report.html")
    let traces = try rows(try data(page), "traces")
    #expect(traces.first?["textTitle"] as? String == title)
    #expect(!page.contains("<script>alert") && !page.contains("<b>&"))
    #expect(page.contains("<title>fasa-sim: &lt;b&gt;&amp;</title>"))
    // The page's own: data, charts, library, script.
    #expect(page.components(separatedBy: "</script>").count == 5)
  }

  @Test func aPageIsReplacedAsAWhole() throws {
    try replay()
    _ = try folder.file(Data("old".utf8), "report.html")
    #expect(try run("report").status == 0)
    #expect(try folder.text("report.html").hasPrefix("<!doctype html>"))
    let before = try folder.text("report.html")
    #expect(try run("report --db none.db").status == 1)
    #expect(try folder.text("report.html") == before)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path())
    #expect(names.filter { $0.contains("report") } == ["report.html"])
  }

  @Test func boundsAreSaid() throws {
    try replay()
    let outcome = try run("report --most-configurations 3 --most-heat-maps 1 -o small.html")
    #expect(outcome.output.hasPrefix("small.html: 3 of 4 configurations"), "\(outcome.output)")
    let found = try data(try folder.text("small.html"))
    #expect(try rows(found, "configurations").count == 3)
    #expect(try rows(found, "headMaps").count == 1)
    #expect((found["counts"] as? [String: Int])?["configurations"] == 4)
    #expect(try run("report --most-configurations 0").status == 64)
    #expect(try run("report --most-heat-maps -1").status == 64)
  }

  @Test func badInputIsOneLineAndWritesNothing() throws {
    _ = try folder.file(Data("hello\n".utf8), "text.db")
    try DatabaseQueue(path: folder.path("other.db")).write { try $0.execute(sql: "CREATE TABLE t (a)") }
    _ = try ResultsStore(path: folder.path("empty.db"))
    try replay()
    for (command, message) in [
      ("report --db none.db", "none.db: expected a database, found no such file; check the path"),
      ("report --db text.db", "text.db: expected a SQLite database, found another kind of file"),
      ("report --db other.db", "other.db: expected a database of fasa-sim, found one of another program"),
      (
        "report --db empty.db",
        "empty.db: expected a stored configuration, found none; replay a trace into it first"
      ),
      ("report -o none/report.html", "none/report.html: expected to write the file, found No such file"),
      (
        "report -o runs.db",
        "runs.db: expected a place for a page, found a SQLite database, which it must not replace; name another file"
      ),
    ] {
      let outcome = try run(command)
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errorLines.count == 1 && outcome.errors.contains(message), "\(outcome.errors)")
      #expect(!folder.holds("report.html"))
    }
    #expect(try ResultsStore(path: folder.path("runs.db"), access: .readOnly).summaries().count == 4)
  }
}
