import Testing

@testable import Experiments

@Suite struct PrintableTextTests {
  @Test(arguments: [
    ("plain, é… ─ 漢字 😀", "plain, é… ─ 漢字 😀"), ("", ""), ("a\tb\nc", "a\tb\nc"),
    ("\u{1B}[31mred", "\\u{1b}[31mred"),
    ("a\rb", "a\\u{d}b"), ("\0\u{7F}\u{9B}2J", "\\u{0}\\u{7f}\\u{9b}2J"), ("a\r\nb", "a\\u{d}\nb"),
    ("\u{202E}evil\u{2066}", "\\u{202e}evil\\u{2066}"), ("a\u{2028}b", "a\\u{2028}b"),
  ])
  func controlsAreShownAsTheirCodes(text: String, shown: String) { #expect(text.printable == shown) }

  @Test func oneLineStaysOne() { #expect("a\nb\tc\u{1B}".onOneLine == "a\\u{a}b\\u{9}c\\u{1b}") }

  @Test func jsonKeepsItsMeaning() {
    #expect(
      "{\n\"a\": \"\u{9B}\u{202E}é\"}".escapingControls(asJSON: true) == "{\n\"a\": \"\\u009b\\u202eé\"}")
  }

  @Test func markdownBeginsNoTagAndNoCell() {
    #expect("a|b\n<script>".inMarkdown == "a\\|b\\u{a}&lt;script>")
  }

  @Test func longLinesKeepTheirEnds() {
    let long = "first " + String(repeating: "x", count: 1_000_000) + " last"
    #expect(long.abridged.count < 2100)
    #expect(long.abridged.hasPrefix("first x") && long.abridged.hasSuffix("x last"))
    let page = Array(repeating: "a line", count: 1000).joined(separator: "\n")
    #expect(page.abridged == page)
  }

  @Test func cellsStayInTheirRow() {
    let table = TextTable([("x\ny  forged", "\u{1B}[2J")], [.left("a") { $0.0 }, .left("b") { $0.1 }])
    #expect(table.text.split(separator: "\n").count == 3)
    #expect(table.text.hasSuffix("x\\u{a}y  forged  \\u{1b}[2J"))
  }
}
