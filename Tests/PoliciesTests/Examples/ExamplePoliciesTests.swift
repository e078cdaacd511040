import Foundation
import Testing

@testable import Policies

/// The policies of docs/adding-a-policy.md are those that are built and tried here.
@Suite struct ExamplePoliciesTests {
  private static let here = URL(filePath: #filePath).deletingLastPathComponent()

  /// Without the lines that only a test needs.
  private static func example(_ name: String) throws -> String {
    let text = try String(contentsOf: here.appending(path: "\(name).swift"), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let body = lines.drop { $0.isEmpty || $0.hasPrefix("import ") || $0.hasPrefix("@testable import ") }
    return body.joined(separator: "\n")
  }

  @Test(arguments: ["Signs", "SignsTests", "MeanPages", "LongKeys"]) func thePageShowsIt(name: String)
    throws
  {
    let page = try String(
      contentsOf: Self.here.appending(path: "../../../docs/adding-a-policy.md"), encoding: .utf8)
    #expect(page.contains("```swift\n\(try Self.example(name))```\n"))
  }

  /// Four pages of five tokens and a step that sees 21: the last page has one.
  @Test func pagesAreRankedByTheirMeanKeys() throws {
    let trace = SmallTrace(heads: 2, positions: [20])
    var values = ParameterValues(defaultsOf: MeanPages.descriptor)
    values["page"] = .integer(5)
    let answer = try trace.answer(PolicyConfiguration(MeanPages.self, values: values), budget: .tokens(11))
    let pages = (0..<5).map { Array($0 * 5..<min($0 * 5 + 5, 21)) }
    for head in trace.queries.indices {
      let means = pages.map { page in
        page.reduce(0.0) { $0 + dot(trace.query(head, 0), trace.key($1)) } / Double(page.count)
      }
      let chosen = best(Array(pages.indices), 2) { means[$0] }
      #expect(answer.tokens[head][0] == chosen.flatMap { pages[$0] }.sorted())
    }
    // 5 mean keys of 8 channels in 2 bytes, for each head or once.
    let read = answer.work.sorted.first { $0.operation.kernel == .vectors }?.bytes
    #expect(read?.readPerHead == 2 * 5 * 16 && read?.readGroupUnion == 5 * 16)
  }

  @Test func theShortestKeysGoAndStayAway() throws {
    let trace = SmallTrace(heads: 2, positions: [5, 6, 7, 8, 9])
    let answer = try trace.answer(PolicyConfiguration(LongKeys.self), budget: .tokens(4))
    func length(_ token: Int) -> Double { dot(trace.key(token), trace.key(token)) }
    var kept: [Int] = []
    for (index, step) in trace.steps.enumerated() {
      kept += kept.isEmpty ? Array(step.visible) : [step.position]
      while kept.count > 4 {
        // The newest stays; of equals the later one goes.
        let shortest = kept.dropLast().map(length).min() ?? 0
        kept.remove(at: kept.dropLast().lastIndex { length($0) == shortest } ?? 0)
      }
      #expect(answer.tokens.allSatisfy { $0[index] == kept })
    }
  }
}
