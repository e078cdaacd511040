import Testing

@testable import Experiments

@Suite struct DocumentTests {
  static let document = Document([
    .heading("a title"), .table(TextTable([1, 2], [.right("n") { "\($0)" }])),
    .notes(["first", "second", "third", "fourth", "fifth"], then: ["stored"]),
  ])

  @Test func plainTextHasEverything() {
    let expected = """
      a title

      n
      ─
      1
      2

      note: first
      note: second
      note: third
      note: fourth
      note: fifth
      stored
      """
    #expect(Self.document.text() == expected)
  }

  @Test func aTerminalGetsThreeNotes() {
    let style = TextStyle(mostNotes: 3, showsNotes: "ask")
    #expect(Self.document.text(style).hasSuffix("note: third\n2 more notes: ask\nstored"))
    let four = Document([.notes(["a", "b", "c", "d"])])
    #expect(four.text(style).hasSuffix("note: c\n1 more note: ask"))
    #expect(Document([.notes(["a", "b", "c"])]).text(style) == "note: a\nnote: b\nnote: c")
  }

  /// What is left out is one note before all others, its reasons where all notes are shown.
  @Test func whatIsLeftOutComesFirst() {
    let leftOut = ["b", "a"].map { LeftOut(policy: $0, note: "left out: \($0): why") }
    let style = TextStyle(mostNotes: 3, showsNotes: "ask")
    func text(_ leftOut: [LeftOut], _ style: TextStyle) -> String {
      Document([.notes(["1", "2", "3"], leftOut: leftOut, then: ["stored"])]).text(style)
    }
    #expect(
      text(leftOut, style)
        == "note: left out: 2 policies (b, a); ask says why\nnote: 1\nnote: 2\n1 more note: ask\nstored")
    #expect(
      text([leftOut[0]], style)
        == "note: left out: b: why\nnote: 1\nnote: 2\n1 more note: ask\nstored")
    #expect(
      text([leftOut[0], leftOut[0]], style).hasPrefix("note: left out: b, 2 times; ask says why\nnote: 1\n"))
    #expect(
      text(leftOut, .plain)
        == "note: left out: b: why\nnote: left out: a: why\nnote: 1\nnote: 2\nnote: 3\nstored")
    #expect(text([], style) == "note: 1\nnote: 2\nnote: 3\nstored")
  }

  @Test func headersAreBoldAndNotesDim() {
    let text = Self.document.text(TextStyle(isEmphasized: true))
    #expect(text.contains("\u{1B}[1mn\u{1B}[0m\n") && text.contains("\u{1B}[2mnote: first\u{1B}[0m"))
    #expect(text.hasPrefix("\u{1B}[1ma title\u{1B}[0m"))
    // What is quoted brings no codes of its own.
    let hostile = Document([.lines(["\u{1B}[2J"]), .heading("\u{9B}x"), .notes(["\u{7}"], then: ["a\nb"])])
    #expect(hostile.text() == "\\u{1b}[2J\n\n\\u{9b}x\n\nnote: \\u{7}\na\\u{a}b")
  }

  @Test func whatIsLeftOutIsSaidOnce() {
    let table = TextTable([1], [.left("name") { "\($0)" }, .right("a long title", drop: 1) { "\($0)" }])
    let text = Document([.table(table), .table(table)]).text(TextStyle(width: 8, showsColumns: "ask"))
    #expect(text.components(separatedBy: "long").count == 2, "\(text)")
  }

  @Test func notesAreIndentedWhereTheyAreWrapped() {
    let text = Document([.notes(["some words that are long"])]).text(TextStyle(width: 20))
    #expect(text == "note: some words\n      that are long")
  }

  @Test func fieldsStandBelowEachOther() {
    let document = Document([.fields([("a", "1"), ("long", "2 3 4 5 6")])])
    #expect(document.text() == "a     1\nlong  2 3 4 5 6")
    #expect(document.text(TextStyle(width: 12)) == "a     1\nlong  2 3 4\n      5 6")
    #expect(document.markdown().hasPrefix("| field | value |\n"))
  }

  @Test func markdownListsNotes() {
    let text = Self.document.markdown(TextStyle(mostNotes: 1, showsNotes: "ask"))
    #expect(text == "### a title\n\n| n |\n| ---: |\n| 1 |\n| 2 |\n\n- first\n- 4 more notes: ask\n\nstored")
  }
}
