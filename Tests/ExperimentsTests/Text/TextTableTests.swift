import Testing

@testable import Experiments

@Suite struct TextTableTests {
  @Test func columnsAreAligned() {
    var table = TextTable([("policy", .left), ("recall", .right), ("note", .left)])
    table.add(["fasa", "0.5", "é…"])
    table.add(["streaming-llm", "12.25 %", ""])
    let expected = """
      policy          recall  note
      ─────────────  ───────  ────
      fasa               0.5  é…
      streaming-llm  12.25 %
      """
    #expect(table.text == expected)
  }

  @Test func withoutRowsThereIsTheHeader() {
    #expect(TextTable([("a", .right), ("bc", .left)]).text == "a  bc\n─  ──")
  }

  @Test(arguments: [("a  ", "a"), ("a", "a"), ("   ", ""), ("", ""), (" a b ", " a b")])
  func spacesAtTheEndAreCut(text: String, expected: String) { #expect(text.trimmingEnd() == expected) }
}
