import Kernels
import Testing

@Suite struct BufferPoolTests {
  @Test func aBufferGivenBackIsTakenAgainAsItIs() {
    let pool = BufferPool()
    let first = pool.take(20)
    first[3] = 7
    pool.giveBack(first)
    let second = pool.take(20)
    #expect(second === first && second[3] == 7)
    #expect(pool.take(20) !== first)
  }

  @Test func onlyOneOfTheSameSizeIsGiven() {
    let pool = BufferPool()
    let small = pool.take(10)
    pool.giveBack(small)
    #expect(pool.take(20).count == 20)
    #expect(pool.take(10) === small)
  }
}
