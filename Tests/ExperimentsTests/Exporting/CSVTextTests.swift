import Testing

@testable import Experiments

@Suite struct CSVTextTests {
  @Test(arguments: [
    ("=1+1", true), ("+a", true), ("-a", true), ("@SUM(1)", true), ("\t=1", true), ("\r", true), ("＝1", true),
    ("-5", false), ("+1.5e-3", false), ("", false), ("a=1", false), ("0.25", false), ("'=1", false),
  ])
  func aFormulaIsKnownByItsBeginning(text: String, isFormula: Bool) {
    #expect(CSVText.isFormula(text) == isFormula)
    #expect(CSVText().field(text) == "\"\(text)\"")
    #expect(CSVText(escapesFormulas: true).field(text) == (isFormula ? "\"'\(text)\"" : "\"\(text)\""))
    #expect(CSVText(escapesFormulas: true).field(.real(-5)) == "-5.0")
  }

  @Test(arguments: [
    ("plain", "\"plain\""), ("", "\"\""), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
    ("a\nb", "\"a\nb\""),
  ])
  func textIsQuotedAndNothingElse(text: String, field: String) {
    #expect(CSVText().field(text) == field)
    #expect(
      CSVText().field(.null) == "" && CSVText().field(.integer(-3)) == "-3"
        && CSVText().field(.real(2)) == "2.0")
  }
}
