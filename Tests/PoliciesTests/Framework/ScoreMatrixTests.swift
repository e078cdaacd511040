import Policies
import Testing

@Suite struct ScoreMatrixTests {
  @Test(arguments: [1, 15, 16, 17, 31, 32, 33, 500, 512])
  func rowsAreAnOddNumberOfCacheLinesApart(tokens: Int) {
    let matrix = ScoreMatrix(rows: 3, tokens: tokens)
    #expect(matrix.stride >= tokens && matrix.stride < tokens + 32)
    #expect(matrix.stride % 32 == 16)
    #expect(matrix.storage.count >= 3 * matrix.stride)
  }

  @Test func scoresAreOfARowAndRange() {
    let matrix = ScoreMatrix(rows: 2, tokens: 20)
    for token in 0..<20 { matrix.row(1)[token] = Float(token) }
    #expect(Array(matrix.scores(1, 5..<8)) == [5, 6, 7])
    #expect(Array(matrix.scores(0, 5..<8)) == [0, 0, 0])
  }
}
