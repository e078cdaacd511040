import Attention
import Testing

@testable import Policies

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct NumericsTests {
  @Test func sineAndCosine() {
    for index in -2000...2000 {
      for angle in [Double(index) / 100, Double(index) * 97.31] {
        let (s, c) = PortableMath.sinCos(angle)
        #expect(abs(s - sin(angle)) < 1e-11 && abs(c - cos(angle)) < 1e-11)
      }
    }
  }

  /// A rotation's angle may be no number where a trace's header says anything at all.
  @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e300, 0x1p53]) func noAngleAtAll(
    angle: Double
  ) {
    #expect(PortableMath.sinCos(angle) == (0, 1))
  }

  @Test func logarithmPowerAndExponential() {
    for index in 1...2000 {
      let x = pow(10, Double(index) / 100 - 12)
      #expect(abs(PortableMath.log(x) - log(x)) <= 1e-13 * max(1, abs(log(x))))
      let y = -Double(index) / 3
      #expect(abs(PortableMath.exp(y) - exp(y)) <= 1e-11 * exp(y))
    }
    for count in 0...9 {
      let values = (0..<count).map { -Double($0 * $0 * 13) / 7 }
      #expect(PortableMath.exp(values) == values.map { PortableMath.exp($0) })
    }
    #expect(PortableMath.power(0.5, 10) == 1.0 / 1024 && PortableMath.power(3, 0) == 1)
  }

  @Test func arcCosine() {
    for index in -1000...1000 {
      let x = Double(index) / 1000
      #expect(abs(PortableMath.acos(x) - acos(x)) < 1e-12)
    }
    #expect(PortableMath.acos(1.5) == 0)
  }

  @Test(arguments: [1, 2, 5, 16]) func axesAreEigenvectors(n: Int) {
    var random = SeededRandom(UInt64(n))
    var matrix = Array(repeating: Array(repeating: 0.0, count: n), count: n)
    for i in 0..<n { for j in 0...i { matrix[i][j] = Double(random.small()) } }
    for i in 0..<n { for j in 0..<i { matrix[j][i] = matrix[i][j] } }
    let axes = SymmetricEigen.axes(matrix)
    var last = Double.infinity
    for (index, axis) in axes.enumerated() {
      let image = matrix.map { dot($0, axis) }
      let value = dot(image, axis)
      #expect(value <= last + 1e-9)
      last = value
      for c in 0..<n { #expect(abs(image[c] - value * axis[c]) < 1e-9) }
      for other in 0..<index { #expect(abs(dot(axis, axes[other])) < 1e-9) }
      #expect(abs(length(axis) - 1) < 1e-9)
    }
  }

  @Test(arguments: RopePairing.allCases) func turningIsTheModelsRotation(pairing: RopePairing) {
    let trace = SmallTrace(positions: [9], pairing: pairing).complete(prompt: 5)
    let rotation = Rotation(trace.group)
    for position in [-300, -1, 0, 7, 4000] {
      var vector = trace.key(3).map(Float.init)
      vector.withUnsafeMutableBufferPointer {
        if let start = $0.baseAddress { rotation.turn(start, by: position) }
      }
      for (a, b) in zip(vector, trace.turned(trace.key(3), by: position)) {
        #expect(abs(Double(a) - b) < 1e-5)
      }
    }
  }
}
