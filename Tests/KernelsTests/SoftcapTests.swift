import Kernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct SoftcapTests {
  /// Of the cap: `1 - exp` loses the last bits of small arguments, so the error is absolute.
  static let tolerance = 3 * 0x1p-24

  static let values: [Float] = {
    var random = SeededRandom(1)
    return (0..<5000).map { Float($0 - 2500) * 0.37 + random.signed() } + [0, -0.0, 1e-8, -1e-8, 1e30, -1e30]
  }()

  @Test(arguments: InstructionSet.available, [(Float(0.0625), Float(50)), (1, 30), (0.088388346, 20)])
  func isCapTimesTanh(set: InstructionSet, setting: (scale: Float, cap: Float)) throws {
    let (scale, cap) = setting
    let (input, out) = (Fenced(Self.values), Fenced<Float>(count: Self.values.count))
    try Kernels(set).softcap(
      UnsafeBufferPointer(input.buffer), scale: scale, cap: cap, into: out.pointer)
    #expect(out.isIntact)
    for (i, value) in Self.values.enumerated() {
      let found = out.pointer[i]
      let exact = Double(cap) * tanh(Double(value) * Double(scale) / Double(cap))
      if (Double(found) - exact).magnitude > Self.tolerance * Double(cap) {
        Issue.record("\(value): \(found), not \(exact)")
      }
      if found.bitPattern != Naive.softcap(value, scale: scale, cap: cap).bitPattern {
        Issue.record("\(value): not the documented order of operations")
      }
    }
  }

  @Test(arguments: InstructionSet.available) func isOddAndNeverPastTheCap(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    let (up, down) = (Fenced<Float>(count: Self.values.count), Fenced<Float>(count: Self.values.count))
    Self.values.withUnsafeBufferPointer { kernels.softcap($0, scale: 1, cap: 30, into: up.pointer) }
    Self.values.map(-).withUnsafeBufferPointer { kernels.softcap($0, scale: 1, cap: 30, into: down.pointer) }
    #expect(up.elements == down.elements.map(-))
    #expect(up.elements.allSatisfy { $0.magnitude <= 30 })
  }
}
