import Attention
import Policies
import Testing

@Suite struct RopeChunksTests {
  @Test func halfPairsAcrossTheMiddle() {
    let chunks = RopeChunks(pairing: .half, rotaryDim: 8)
    #expect(chunks.count == 4)
    #expect((0..<4).map(chunks.channels) == [[0, 4], [1, 5], [2, 6], [3, 7]])
    #expect(chunks.channels(of: [3, 0]) == [0, 3, 4, 7])
  }

  @Test func interleavedPairsNeighbours() {
    let chunks = RopeChunks(pairing: .interleaved, rotaryDim: 8)
    #expect((0..<4).map(chunks.channels) == [[0, 1], [2, 3], [4, 5], [6, 7]])
    #expect(chunks.channels(of: [3, 0]) == [0, 1, 6, 7])
    #expect(chunks.channels(of: []) == [])
  }

  @Test func adjacentSlicesAreInterleavedWhateverTheLayout() {
    let expected = RopeChunks(pairing: .interleaved, rotaryDim: 64)
    #expect(RopeChunks(pairing: .half, rotaryDim: 64).adjacent == expected)
    #expect(expected.adjacent == expected)
  }

  @Test(arguments: RopePairing.allCases, [2, 8, 96, 128])
  func chunksPartTheRotatedChannels(pairing: RopePairing, rotaryDim: Int) {
    let chunks = RopeChunks(pairing: pairing, rotaryDim: rotaryDim)
    #expect(chunks.channels(of: Array(0..<chunks.count)) == (0..<Int32(rotaryDim)).map { $0 })
  }
}
