import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct AnchorsCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  func run(_ text: String) throws -> Executable.Outcome {
    try Executable.run(text.split(separator: " ").map(String.init), in: folder)
  }

  func object(_ text: String) throws -> [String: Any] {
    let found = try run(text + " --json")
    #expect(found.status == 0 && found.errors.isEmpty, "\(found.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
  }

  @Test(arguments: AnchorLoss.allCases) func patternsAreReplayed(loss: AnchorLoss) throws {
    let found = try object("anchors t.zst --policy oracle --budget 10 --by \(loss.rawValue)")
    let rows = try #require(found["rows"] as? [[String: Any]])
    #expect(rows.map { $0["anchors"] as? [Int] } == [nil, [0], [0, 1]])
    #expect(
      rows.map { $0["label"] as? String } == ["oracle @ 10", "oracle:reuse=0 @ 10", "oracle:reuse=0+1 @ 10"])
    let (own, one, two) = (rows[0], rows[1], rows[2])
    for metric in ["weighted_output_error", "output_error", "mass"] {
      #expect(try #require(own[metric] as? Double) == two[metric] as? Double)
      #expect(own[metric] as? Double != one[metric] as? Double)
    }
    let replayed = try object("replay t.zst --policy oracle:reuse=0 --budget 10 --no-timing --db :memory:")
    let traces = try #require(replayed["traces"] as? [[String: Any]])
    let told = try #require((traces.first?["configurations"] as? [[String: Any]])?.first)
    for metric in ["weighted_output_error", "output_error", "mass", "group_union_bytes_share"] {
      let (left, right) = (try #require(one[metric] as? Double), try #require(told[metric] as? Double))
      #expect(abs(left - right) <= 1e-12 * abs(right), "\(metric)")
    }
  }

  @Test func theTableSaysWhatToRun() throws {
    let found = try run("anchors t.zst --policy quest:dense-layers=0 --budget 10 --max-anchors 1")
    #expect(found.status == 0 && found.errors.isEmpty)
    #expect(found.output.contains("quest:dense-layers=0,reuse=0") && !found.output.contains("reuse=0+1"))
  }

  @Test(arguments: [
    (
      "--policy h2o",
      "policy 'h2o': expected one that takes reuse=, and is not given it, found one whose sets"
    ),
    ("--policy sparq", "policy 'sparq': expected one that takes reuse="),
    ("--policy oracle:reuse=0", "found one that is"),
    ("--policy oracle,quest", "expected one policy at one budget, found 2"),
  ]) func whatCannotBeSharedIsRefused(policy: String, message: String) throws {
    let found = try run("anchors t.zst \(policy) --budget 10")
    #expect(found.status == 1 && found.output.isEmpty && found.errors.contains(message), "\(found.errors)")
  }

  @Test func countsOutOfRangeAreRefused() throws {
    #expect(try run("anchors t.zst --policy oracle --max-anchors 0").status == 64)
  }
}
