import Testing

@testable import Experiments

@Suite struct DecimalBytesTests {
  @Test(arguments: [
    0, 1, -1, 9, 10, -10, 99, 100, 12_345_678_901_234_567, Int64.max, Int64.min, Int64.min + 1,
  ])
  func wholeNumbersAreAsSwiftHasThem(value: Int64) {
    var bytes = Array("x".utf8)
    bytes.append(decimal: value)
    #expect(String(decoding: bytes, as: UTF8.self) == "x\(value)")
  }

  @Test(arguments: [
    0, -0.0, 2, 0.1, 1e-7, 1e16, 1.0 / 3, Double.leastNonzeroMagnitude, -Double.greatestFiniteMagnitude,
  ])
  func realNumbersAreAsSwiftHasThem(value: Double) {
    var bytes = Array("x".utf8)
    bytes.append(decimal: value)
    #expect(String(decoding: bytes, as: UTF8.self) == "x\(value)")
  }
}
