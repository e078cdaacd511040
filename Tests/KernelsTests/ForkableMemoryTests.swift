import Dispatch
import Kernels
import Testing

/// Buffers that go on from one another.
@Suite struct ForkableMemoryTests {
  @Test(arguments: [1, 100, 16_384, 1_000_003]) func forksBeginAlikeAndAreWrittenApart(count: Int) {
    let origin = FloatBuffer.forkable(count: count)
    #expect(origin.values.allSatisfy { $0 == 0 })
    for index in 0..<count { origin[index] = Float(index) }
    let (first, second) = (origin.forked(), origin.forked())
    first[count - 1] = -1
    second[0] = -2
    let again = first.forked()
    #expect(origin[count - 1] == Float(count - 1) && origin[0] == 0)
    #expect(first[count - 1] == -1 && second[0] == -2)
    #expect(count == 1 || (first[0] == 0 && second[count - 1] == Float(count - 1)))
    #expect(again.count == count && again[count - 1] == -1)
    #expect(
      (0..<count).allSatisfy {
        $0 == count - 1 || $0 == 0 || (first[$0] == Float($0) && second[$0] == Float($0))
      })
  }

  @Test func aForkOutlivesItsOrigin() {
    var origin: FloatBuffer? = .forkable(count: 50_000)
    origin?[49_999] = 7
    let fork = origin?.forked()
    origin = nil
    // Takes the place that the origin gave back, where it did.
    let other = FloatBuffer.forkable(count: 50_000)
    other[49_999] = 9
    #expect(fork?[49_999] == 7)
  }

  /// More than a process may have files open.
  @Test func thereMayBeThousands() {
    let buffers = (0..<3000).map { _ in FloatBuffer.forkable(count: 16_384) }
    for (number, buffer) in buffers.enumerated() { buffer[5] = Float(number) }
    let forks = buffers.map { $0.forked() }
    #expect(forks.enumerated().allSatisfy { $1[5] == Float($0) })
  }

  /// They lie in one file, which must never become shorter than what another thread has of it.
  @Test func manyThreadsMakeThemAtOnce() {
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for round in 0..<3000 {
        let buffer = FloatBuffer.forkable(count: 16_384)
        buffer[16_383] = Float(thread * 3000 + round)
        #expect(buffer.forked()[16_383] == Float(thread * 3000 + round))
      }
    }
  }

  @Test func keysAndValuesAreReadAsWritten() {
    let (keys, values) = (
      KeyPanels.room(tokens: 300, channels: 24), ValueTiles.room(tokens: 300, channels: 20)
    )
    let row = (0..<32).map(Float.init)
    for token in [0, 15, 16, 255, 256, 299] {
      keys.write(row.map { $0 + Float(token) }, at: token)
      values.write(row.map { $0 - Float(token) }, at: token)
    }
    var out = Array(repeating: Float(-1), count: 32)
    let (forkedKeys, forkedValues) = (keys.forked(), values.forked())
    for token in [0, 15, 16, 255, 256, 299] {
      forkedKeys.read(token, into: &out)
      #expect(out[..<24].elementsEqual(row[..<24].map { $0 + Float(token) }))
      forkedValues.read(token, into: &out)
      #expect(out[..<20].elementsEqual(row[..<20].map { $0 - Float(token) }))
      #expect(out[20..<32].allSatisfy { $0 == 0 })
    }
  }
}
