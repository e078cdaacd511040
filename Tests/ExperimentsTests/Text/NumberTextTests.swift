import Testing

@testable import Experiments

@Suite struct NumberTextTests {
  @Test func decimalsAndShares() {
    #expect(NumberText.decimal(0.12345) == "0.123")
    #expect(NumberText.decimal(1, places: 1) == "1.0")
    #expect(NumberText.percent(0.314) == "31.4 %")
    #expect(NumberText.percent(1) == "100.0 %")
    #expect(NumberText.times(2.5) == "2.50×")
  }

  @Test func whatIsNotFiniteIsADashAndWhatIsLongIsShort() {
    for value in [Double.infinity, -.infinity, .nan] {
      #expect(
        [NumberText.decimal(value), NumberText.percent(value), NumberText.times(value)] == ["–", "–", "–"])
    }
    #expect(NumberText.decimal(3.2e38) == "3.20e+38" && NumberText.decimal(-3.2e38) == "-3.20e+38")
    #expect(NumberText.decimal(999_999_999, places: 1) == "999999999.0")
  }

  @Test func jsonHasNullForWhatIsNotFinite() throws {
    let values: [String: [Double?]] = ["a": [1.5, .infinity, -.infinity, .nan, nil, 1e300], "b": []]
    #expect(try FiniteJSON.text(values, []) == #"{"a":[1.5,null,null,null,null,1e+300],"b":[]}"#)
  }

  @Test func whatIsNotKnownIsADash() {
    #expect([NumberText.decimal(nil), NumberText.percent(nil), NumberText.times(nil)] == ["–", "–", "–"])
  }

  @Test(arguments: [
    (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (7_444_890, "7.1 MiB"),
    (3 << 30, "3.0 GiB"),
    (5 << 40, "5.0 TiB"), (5 << 50, "5120.0 TiB"),
  ])
  func bytes(count: Int, text: String) { #expect(NumberText.bytes(count) == text) }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (8192, "8,192"), (123_456, "123,456"), (1_234_567, "1,234,567"),
  ])
  func grouped(count: Int, text: String) { #expect(NumberText.grouped(count) == text) }
}
