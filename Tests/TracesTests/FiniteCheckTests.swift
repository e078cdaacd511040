import Attention
import Testing

@testable import Traces

@Suite struct FiniteCheckTests {
  @Test func everyPatternIsJudgedAsIEEESays() {
    for bits in UInt16.min...UInt16.max {
      withUnsafeBytes(of: bits) { bytes in
        #expect((FiniteCheck.firstNonFinite(bytes, .f16) == nil) == HalfPrecision.float(f16: bits).isFinite)
        #expect((FiniteCheck.firstNonFinite(bytes, .bf16) == nil) == HalfPrecision.float(bf16: bits).isFinite)
      }
    }
    for value in [Float.nan, .infinity, -.infinity, 0, -0, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
      withUnsafeBytes(of: value) {
        #expect((FiniteCheck.firstNonFinite($0, .f32) == nil) == value.isFinite)
      }
    }
  }

  @Test(arguments: [0, 1, 30, 98, 99]) func theFirstIsFound(place: Int) {
    var values = [Float](repeating: 1, count: 100)
    values[place] = -.infinity
    values[99] = place == 99 ? -.infinity : .nan
    values.withUnsafeBytes {
      #expect(FiniteCheck.firstNonFinite($0, .f32) == place)
      #expect(FiniteCheck.name(of: $0, .f32, at: place) == "-infinity")
    }
  }
}
