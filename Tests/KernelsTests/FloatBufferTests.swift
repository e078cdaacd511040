import Kernels
import Testing

@Suite struct FloatBufferTests {
  @Test(arguments: [0, 1, 15, 16, 1000]) func startsAsZerosOnACacheLine(count: Int) {
    let buffer = FloatBuffer(count: count)
    #expect(buffer.count == count)
    #expect(buffer.values.count == count)
    #expect(buffer.values.allSatisfy { $0.bitPattern == 0 })
    #expect(UInt(bitPattern: buffer.pointer) % 64 == 0)
  }

  @Test func subscriptReadsAndWritesInPlace() {
    let buffer = FloatBuffer(count: 3)
    buffer[1] = 2.5
    #expect(Array(buffer.values) == [0, 2.5, 0])
    #expect(buffer[1] == 2.5)
  }
}
