import Results
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
    #expect(line([.real(-5)], CSVText(escapesFormulas: true)) == "-5.0\n")
  }

  @Test(arguments: [
    ("plain", "\"plain\""), ("", "\"\""), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
    ("a\nb", "\"a\nb\""),
  ])
  func textIsQuotedAndNothingElse(text: String, field: String) {
    #expect(CSVText().field(text) == field)
    #expect(line([.text(text), .null, .integer(-3), .real(2), .text(text)]) == "\(field),,-3,2.0,\(field)\n")
  }

  private func line(_ row: [ExportedValue], _ csv: CSVText = CSVText()) -> String {
    var bytes: [UInt8] = []
    csv.append(row, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
