import Foundation
import Policies
import Testing

@testable import Experiments

@Suite struct PolicyPageTests {
  @Test func aPageIsThisText() throws {
    let expected = """
      streaming-llm (eviction)
        Keeps the first s tokens and the most recent k - s.
        paper: https://arxiv.org/abs/2309.17453
        budget: decides k

      parameter     default  range      meaning
      ────────────  ───────  ─────────  ────────────────────────────────────────────────────────────
      sinks         4        0…1000000  first tokens kept: 4 in the paper, 8 in FASA's comparison
      dense-layers  0        0…1024     the first layers that stay dense

      takes also: kv, kv-chooses, hot, hot-order, hot-page, hot-start (docs/policies.md)
      """
    let page = PolicyPage(StreamingLLM.descriptor)
    // The rule under "meaning" is as wide as the longest meaning.
    #expect(
      page.text.split(separator: "\n").map { $0.prefix(60) }
        == expected.split(separator: "\n").map { $0.prefix(60) })
  }

  /// `fasa-sim policies --markdown > docs/policies.md` makes it again.
  @Test func thePageOfTheDocsIsCurrent() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../docs/policies.md")
    let markdown = PolicyPages.markdown(madeBy: "fasa-sim policies --markdown")
    #expect(try String(contentsOf: page, encoding: .utf8) == markdown)
    for name in PolicyRegistry.names { #expect(markdown.contains("\n### \(name)\n")) }
  }
}
