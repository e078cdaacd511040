import Foundation
import Testing

@testable import Experiments

@Suite struct CellTextTests {
  /// As the page reads a code.
  private func value(_ code: Int) -> Double { code == 0 ? 0 : exp2((Double(code) - 2814) / 128) }

  @Test func powersOfTwoAreExactAndTheRestHasTwoDigits() {
    for power in -20...10 { #expect(value(CellText.code(exp2(Double(power)))) == exp2(Double(power))) }
    for step in 1...2_000 {
      let number = pow(10, -6 + 9 * Double(step) / 2_000)
      #expect(abs(value(CellText.code(number)) / number - 1) < 0.003)
    }
  }

  @Test func whatLiesOutsideIsAtTheEndsAndWhatIsUndefinedIsMarked() {
    #expect(CellText.code(0) == 0)
    #expect(CellText.code(1e-12) == 1)
    #expect(CellText.code(1e9) == 4094)
    for none in [nil, Double.nan, -1] { #expect(CellText.code(none) == 4095) }
    #expect(CellText.code(.infinity) == 4094)
  }

  @Test func aCellIsTwoCharacters() { #expect(CellText.of([0, nil, 1]) == "AA//r+") }
}
