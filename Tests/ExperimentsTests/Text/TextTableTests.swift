import Testing

@testable import Experiments

@Suite struct TextTableTests {
  @Test func columnsAreAligned() {
    let table = TextTable(
      [("fasa", 0.5), ("streaming-llm", 12.25)],
      [.left("policy") { $0.0 }, .right("recall") { "\($0.1) %" }, .left("note") { $0.1 < 1 ? "é…" : "" }])
    let expected = """
      policy          recall  note
      ─────────────  ───────  ────
      fasa             0.5 %  é…
      streaming-llm  12.25 %
      """
    #expect(table.text == expected)
  }

  @Test func withoutRowsThereIsTheHeader() {
    #expect(TextTable([Int](), [.right("a") { "\($0)" }, .left("bc") { "\($0)" }]).text == "a  bc\n─  ──")
  }

  @Test(arguments: [("a  ", "a"), ("a", "a"), ("   ", ""), ("", ""), (" a b ", " a b")])
  func spacesAtTheEndAreCut(text: String, expected: String) { #expect(text.trimmingEnd() == expected) }
}
