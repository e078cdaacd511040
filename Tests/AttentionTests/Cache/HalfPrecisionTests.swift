import Attention
import Testing

@Suite struct HalfPrecisionTests {
  @Test func everyHalfSurvivesTheRoundTrip() {
    for bits in UInt16.min...UInt16.max {
      let f16 = HalfPrecision.float(f16: bits)
      if !f16.isNaN { #expect(HalfPrecision.f16(f16) == bits) }
      let bf16 = HalfPrecision.float(bf16: bits)
      if !bf16.isNaN { #expect(HalfPrecision.bf16(bf16) == bits) }
    }
  }

  @Test func roundsToNearestTiesToEven() {
    #expect(HalfPrecision.f16(1 + 1 / 2048) == 0x3C00)
    #expect(HalfPrecision.f16(1 + 3 / 2048) == 0x3C02)
    #expect(HalfPrecision.f16(65_519) == 0x7BFF)
    #expect(HalfPrecision.f16(65_520) == 0x7C00)
    #expect(HalfPrecision.f16(0x1p-25) == 0)
    #expect(HalfPrecision.f16(0x1.8p-25) == 1)
    #expect(HalfPrecision.f16(-0x1p-14) == 0x8400)
    #expect(HalfPrecision.bf16(1 + 1 / 256) == 0x3F80)
    #expect(HalfPrecision.bf16(1 + 3 / 256) == 0x3F82)
    #expect(HalfPrecision.bf16(.greatestFiniteMagnitude) == 0x7F80)
  }

  @Test func notANumberStaysOne() {
    #expect(HalfPrecision.float(f16: HalfPrecision.f16(.nan)).isNaN)
    #expect(HalfPrecision.float(bf16: HalfPrecision.bf16(.nan)).isNaN)
    #expect(HalfPrecision.float(bf16: HalfPrecision.bf16(Float(bitPattern: 0x7F80_0001))).isNaN)
  }
}
