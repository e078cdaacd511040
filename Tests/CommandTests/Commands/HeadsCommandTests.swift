import Foundation
import GRDB
import TestSupport
import Testing

@testable import Experiments
@testable import Results
@testable import fasa_sim

/// Where a policy does worst and what each layer needs, against the stored values themselves.
@Suite struct HeadsCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    let run = try run("replay t.zst --policy random,oracle --budget 10,40 --detail step --no-timing")
    #expect(run.status == 0)
  }

  private func run(_ text: String) throws -> Executable.Outcome {
    try Executable.run(text.split(separator: " ").map(String.init), in: folder)
  }

  private struct Step: Hashable {
    let layer: Int
    let head: Int
    let step: Int
    let value: Double
  }

  private func stored(_ label: String, _ metric: String) throws -> [Step] {
    try ResultsStore(path: folder.path("runs.db"), access: .readOnly).read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT layer, query_head, step, \(metric) AS value FROM steps
          JOIN configurations ON id = configuration WHERE label = ? AND \(metric) IS NOT NULL
          """, arguments: [label]
      ).map { Step(layer: $0["layer"], head: $0["query_head"], step: $0["step"], value: $0["value"]) }
    }
  }

  /// Means of those with the same numbers, by the numbers.
  private func means(_ steps: [Step], by key: (Step) -> [Int]) -> [(key: [Int], mean: Double)] {
    Dictionary(grouping: steps, by: key).map { key, steps in
      (key, steps.map(\.value).reduce(0, +) / Double(steps.count))
    }
  }

  private static func cells(_ text: String) -> [[String]] {
    text.split(separator: "\n").filter { !$0.hasPrefix("─") }.map { line in
      line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
        !$0.isEmpty
      }
    }
  }

  @Test func theTablesAreOfTheWorstLayersHeadsAndSteps() throws {
    let found = try run("heads random@10 --top 3")
    #expect(found.status == 0 && found.errors.isEmpty)
    let cells = Self.cells(found.output)
    #expect(cells.first == ["random @ 10, none, the worst by output error"])
    let steps = try stored("random @ 10", "output_error")
    func worst(_ key: (Step) -> [Int]) -> [[String]] {
      means(steps, by: key).sorted { $0.mean > $1.mean }.prefix(3).map {
        $0.key.map { "\($0)" } + [NumberText.decimal($0.mean)]
      }
    }
    func rows(of title: String, keys: Int, count: Int) throws -> [[String]] {
      let place = try #require(cells.firstIndex(of: [title]))
      return cells[(place + 2)..<(place + 2 + count)].map { Array($0.prefix(keys + 1)) }
    }
    #expect(try rows(of: "layers", keys: 1, count: 2) == worst { [$0.layer] })
    #expect(try rows(of: "query heads", keys: 2, count: 3) == worst { [$0.layer, $0.head] })
    // Steps are told with their positions, 80 tokens on.
    #expect(try rows(of: "decode steps", keys: 2, count: 3) == worst { [$0.step, 80 + $0.step] })
    #expect(
      found.output.hasSuffix(
        "note: means over all that a line does not tell apart; decode steps are counted from 0\n"))
  }

  /// The least recall is the worst.
  @Test func linesAreInTheOrderThatIsAskedFor() throws {
    struct Line: Decodable {
      let label: String
      let layer: Int?
      let queryHead: Int?
      let step: Int?
      let position: Int?
      let recall: Double
    }
    let found = try run("heads random@40 --by recall --top 4 -o jsonl")
    let lines = try found.output.split(separator: "\n").map {
      try JSONDecoder.ofTheDatabase.decode(Line.self, from: Data($0.utf8))
    }
    #expect(lines.count == 2 + 4 + 4 && lines.allSatisfy { $0.label == "random @ 40" })
    let steps = try stored("random @ 40", "recall")
    func least(_ key: (Step) -> [Int], _ count: Int) -> [Double] {
      Array(means(steps, by: key).map(\.mean).sorted().prefix(count))
    }
    let layers = least({ [$0.layer] }, 2), heads = least({ [$0.layer, $0.head] }, 4)
    let expected: [Double] = layers + heads + least({ [$0.step] }, 4)
    #expect(zip(lines.map(\.recall), expected).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(lines[0].layer != nil && lines[0].queryHead == nil && lines[0].step == nil)
    #expect(lines[2].queryHead != nil && lines[6].layer == nil)
    #expect(lines[6...].allSatisfy { $0.position == $0.step.map { $0 + 80 } })
    #expect(
      try run("heads random@40 --by weighted-error --markdown").output.contains("the worst by weighted error")
    )
  }

  /// The target is what the better layer has at the smaller budget, so that the layers need different ones.
  @Test func eachLayersBudgetIsTheSmallestThatMeetsTheTarget() throws {
    let errors = try ["10", "40"].map { budget in
      try means(stored("oracle @ \(budget)", "output_error")) { [$0.layer] }.sorted { $0.key[0] < $1.key[0] }
        .map(\.mean)
    }
    let target = try #require(errors[0].min())
    let found = try run("heads oracle --target \(target + 1e-9)")
    #expect(found.status == 0 && found.errors.isEmpty)
    let cells = Self.cells(found.output)
    #expect(
      cells[0][0].hasPrefix(
        "oracle, none: the smallest stored budget of each layer with an output error of at most "))
    var meets = true
    for layer in 0..<2 {
      let place = errors.firstIndex { $0[layer] <= target + 1e-9 }
      meets = meets && place != nil
      let budget = place.map { ["10", "40"][$0] }
      let error = NumberText.decimal(errors[place ?? 1][layer])
      let expected: [String] = ["\(layer)", budget ?? "none", budget ?? "–", error]
      #expect(cells[2 + layer] == expected)
    }
    #expect(
      Set(cells[2...3].map { $0[1] }).count == 2 && found.output.contains("note: stored budgets: 10, 40\n"))
    #expect(
      found.output.contains(
        "a budget for each layer takes 25 tokens in the mean, where one budget for all takes 40")
        == meets)
  }

  @Test func aTargetThatNothingMeetsIsToldWithWhatIsNearest() throws {
    let found = try run("heads random --target 1e-6 -o csv")
    let lines = found.output.split(separator: "\n")
    #expect(lines.first == #""label","text_title","layer","budget","selected","output_error""#)
    #expect(lines.count == 3 && lines[1].hasPrefix(#""random","none",0,,,"#))
    let text = try run("heads random --target 1e-6").output
    #expect(text.contains("none: no stored budget meets the target there; the error is that of the largest"))
    #expect(!text.contains("in the mean"))
  }

  @Test(arguments: [
    ("heads random@10 --top 0", "--top 0: expected 1 or more", 64),
    ("heads random --target 0", "--target 0.0: expected more than 0", 64),
    ("heads random --target 0.1 --top 3", "--target: expected neither --by nor --top with it", 64),
    ("heads nope", "'nope': expected a stored configuration of that name, found none", 1),
  ])
  func whatCannotBeToldIsOneError(command: String, message: String, status: Int32) throws {
    let found = try run(command)
    #expect(
      found.status == status && found.output.isEmpty && found.errors.contains(message), "\(found.errors)")
  }
}
