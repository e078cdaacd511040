import Testing

@testable import Experiments

/// Tables that are wider than where they are shown.
@Suite struct TableLayoutTests {
  typealias Row = (name: String, a: String, b: String, text: String)

  static let rows: [Row] = [
    ("fasa:chunks=8,sinks=4", "0.123", "10.0 %", "Ranks tokens on a few chunks of the rotation."),
    ("fasa:chunks=8,sinks=8", "0.456", "9.0 %", "Another sentence, which says less."),
  ]

  static let table = TextTable(
    rows,
    [
      .left("policy") { $0.name }, .right("output error", drop: 2) { $0.a },
      .right("bytes/head", drop: 1) { $0.b }, .left("what it does", isProse: true) { $0.text },
    ])

  @Test func nothingChangesWhereThereIsRoom() {
    let (text, leftOut) = Self.table.text(TextStyle(width: 200))
    #expect(text == Self.table.text && leftOut.isEmpty)
  }

  /// No line is too wide, no name is cut, and what is left out is told, in the columns' order.
  @Test(arguments: [
    (100, [String]()), (80, []), (66, ["bytes/head"]), (60, ["output error", "bytes/head"]),
    (40, ["output error", "bytes/head"]), (20, ["output error", "bytes/head"]),
  ])
  func aTableFits(width: Int, leftOut: [String]) {
    let found = Self.table.text(TextStyle(width: width))
    #expect(found.leftOut == leftOut, "\(found)")
    let lines = found.text.split(separator: "\n")
    let most = lines.map { TextWidth.of($0) }.max() ?? 0
    // Below 46 columns a sentence and a name have their least widths.
    #expect(most <= max(width, 46), "\(found.text)")
    let letters = found.text.filter { !$0.isWhitespace }
    if width >= 60 {
      #expect(letters.contains("fasa:chunks=8,sinks=4") && letters.contains("fasa:chunks=8,sinks=8"))
    }
  }

  @Test func columnsOfOneNumberGoTogether() {
    let table = TextTable(
      Self.rows,
      [
        .left("policy") { $0.name }, .right("one side", drop: 1) { $0.a },
        .right("other side", drop: 1) { $0.b },
        .right("difference") { $0.b },
      ])
    #expect(table.text(TextStyle(width: 45)).leftOut == ["one side", "other side"])
    #expect(table.text(TextStyle(width: 60)).leftOut.isEmpty)
  }

  @Test func titlesAreBrokenBeforeAColumnGoes() {
    let (text, leftOut) = TextTable(
      Self.rows, [.left("policy") { $0.name }, .right("output error", drop: 1) { $0.a }]
    ).text(TextStyle(width: 29))
    #expect(leftOut.isEmpty)
    #expect(text.hasPrefix("                       output\npolicy                  error\n"), "\(text)")
  }

  @Test func aWideCharacterTakesTwoColumns() {
    #expect(TextWidth.of("漢字") == 4 && TextWidth.of("é…") == 2 && TextWidth.of("😀") == 2)
    let text = TextTable(["漢字", "abcd"], [.left("a") { $0 }, .left("b") { _ in "x" }]).text
    #expect(text.hasSuffix("漢字  x\nabcd  x"))
  }
}

@Suite struct TextWidthTests {
  @Test(arguments: [
    ("", 10, [""]), ("one two three", 8, ["one two", "three"]), ("one", 10, ["one"]),
    ("fasa:chunks=8,sinks=4", 15, ["fasa:chunks=8,", "sinks=4"]), ("abcdefgh", 3, ["abc", "def", "gh"]),
    ("ab cd", 2, ["ab", "cd"]),
  ])
  func linesAreBroken(text: String, width: Int, lines: [String]) {
    #expect(TextWidth.wrapped(text, width) == lines)
  }

  @Test func aWordMayStayWhole() {
    let digest = String(repeating: "f", count: 64)
    #expect(
      TextWidth.wrapped("exact results \(digest) and more", 20, hanging: 2, keepsWords: true)
        == ["exact results", "  \(digest)", "  and more"])
  }
}
