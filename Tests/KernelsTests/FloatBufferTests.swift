import Kernels
import Testing

@Suite struct FloatBufferTests {
  @Test(arguments: [0, 1, 15, 16, 1000, 600_000]) func startsAsZerosOnACacheLine(count: Int) {
    let buffer = FloatBuffer(count: count)
    #expect(buffer.count == count)
    #expect(buffer.values.count == count)
    #expect(buffer.values.allSatisfy { $0.bitPattern == 0 })
    #expect(UInt(bitPattern: buffer.pointer) % 64 == 0)
  }

  /// Freed and taken again, large buffers are zeros again, and lie apart.
  @Test func largeBuffersAreZeroEachTime() {
    for _ in 0..<3 {
      let buffers = (0..<3).map { _ in FloatBuffer(count: 1 << 20) }
      #expect(buffers.allSatisfy { $0.values.allSatisfy { $0 == 0 } })
      for (i, buffer) in buffers.enumerated() { buffer.values.update(repeating: Float(i + 1)) }
      #expect(buffers.map { $0[0] } == [1, 2, 3])
      #expect(buffers.map { $0[(1 << 20) - 1] } == [1, 2, 3])
    }
  }

  @Test func subscriptReadsAndWritesInPlace() {
    let buffer = FloatBuffer(count: 3)
    buffer[1] = 2.5
    #expect(Array(buffer.values) == [0, 2.5, 0])
    #expect(buffer[1] == 2.5)
  }
}
