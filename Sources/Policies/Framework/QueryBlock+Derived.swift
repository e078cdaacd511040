import Attention
import Kernels

extension QueryBlock {
  /// A query of every row made from the row's own: `[rows][width]`.
  func derivedQueries(
    width: Int,
    _ fill: (_ row: Int, _ query: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>) -> Void
  ) -> FloatBuffer {
    let result = FloatBuffer(count: shared.rows * width)
    for row in 0..<shared.rows { fill(row, shared.query(row), result.pointer + row * width) }
    return result
  }

  /// Scores of every visible token by its vector in `table`: a stream over what is kept beside the cache.
  ///
  /// - Parameters:
  ///   - queries: `[rows][table.width]`.
  ///   - rows: what the table keeps of a token, read once for the group; and written for a new token.
  ///   - isApart: whether the table is kept beside the cache, and not part of it.
  func scores(_ table: TokenTable, queries: FloatBuffer, rows: StoredRow, isApart: Bool = true) -> ScoreMatrix
  {
    let read = visibleTokens * rows.bytes
    charge(
      DecodeOperation(.score, rows.kernel, .metadata, rowBytes: rows.bytes, bits: rows.bits),
      readPerHead: read * group.groupSize, readGroupUnion: read)
    if isApart { chargeAppend(rowBytes: rows.bytes) }
    chargeScores(writtenBy: rows.kernel)
    let result = shared.makeMatrix()
    shared.kernels.score(
      queries: queries.pointer, rows: shared.rows, keys: table.panels,
      channelList: Array(0..<Int32(table.width)), tokens: shared.span, into: result.row(0),
      stride: result.stride)
    return result
  }

  /// Scores of every visible page by its vector in `table`; column p is page p.
  ///
  /// - Parameters:
  ///   - queries: `[rows][table.width]`.
  ///   - rows: what is kept of a page; read once per page, and written again as a new token joins the last.
  func scores(_ table: PageTable, queries: FloatBuffer, rows: StoredRow) -> PageScores {
    let seen = steps.reduce(0) { $0 + table.pages($1.visible).count }
    charge(
      DecodeOperation(.score, rows.kernel, .metadata, rowBytes: rows.bytes, bits: rows.bits),
      readPerHead: seen * rows.bytes * group.groupSize, readGroupUnion: seen * rows.bytes)
    chargeAppend(rowBytes: rows.bytes)
    charge(.scores(.score, by: rows.kernel), written: seen * 4 * group.groupSize)
    let pages = table.pages(shared.span)
    let matrix = ScoreMatrix(rows: shared.rows, tokens: pages.upperBound, pool: shared.pool)
    let channels = Array(0..<Int32(table.width))
    shared.kernels.score(
      queries: queries.pointer, rows: shared.rows, keys: table.panels, channelList: channels, tokens: pages,
      into: matrix.row(0), stride: matrix.stride)
    let last = ScoreMatrix(rows: shared.rows, tokens: steps.count, pool: shared.pool)
    shared.kernels.score(
      queries: queries.pointer, rows: shared.rows, keys: table.lastPages(steps), channelList: channels,
      tokens: 0..<steps.count, into: last.row(0), stride: last.stride)
    for row in 0..<shared.rows {
      let step = row % steps.count
      matrix.row(row)[table.pages(steps[step].visible).upperBound - 1] = last.row(row)[step]
    }
    return PageScores(matrix: matrix, pageTokens: table.pageTokens)
  }

  /// Every row the sum of its group's rows over the columns that its step sees, in ascending order of query
  /// heads.
  func summedOverGroup(_ scores: PageScores) -> PageScores {
    let result = ScoreMatrix(rows: shared.rows, tokens: scores.matrix.stride, pool: shared.pool)
    for step in steps.indices {
      let pages = scores.pages(steps[step].visible)
      for head in 0..<group.groupSize {
        let out = result.row(shared.row(head: head, step: step))
        for page in pages {
          out[page] = (0..<group.groupSize).reduce(Float(0)) {
            $0 + scores.matrix.row(shared.row(head: $1, step: step))[page]
          }
        }
      }
    }
    return PageScores(matrix: result, pageTokens: scores.pageTokens)
  }
}

/// A score of every query head and page that a step sees; column p is page p.
struct PageScores {
  let matrix: ScoreMatrix
  let pageTokens: Int

  func pages(_ visible: Range<Int>) -> Range<Int> {
    visible.lowerBound / pageTokens..<(visible.upperBound + pageTokens - 1) / pageTokens
  }
}

extension ScoredBlock {
  /// What softmax is taken of, from raw scores of one's own: scaled, and capped where the model caps its logits.
  func logits(of scores: [Float]) -> [Float] {
    guard let cap = group.logitSoftcap else { return scores.map { $0 * group.scale } }
    var result = scores
    result.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      kernels.softcap(UnsafeBufferPointer(buffer), scale: group.scale, cap: cap, into: start)
    }
    return result
  }

  /// Normalised softmax of raw scores of one's own, scaled and capped as the model's.
  ///
  /// - Parameter scale: what scores are multiplied by in place of all that.
  func softmax(_ scores: [Float], scale: Float? = nil) -> [Float] {
    (scale == nil ? logits(of: scores) : scores).withUnsafeBufferPointer { values in
      guard let start = values.baseAddress else { return [] }
      return attention(start, scale: scale ?? 1, over: (0..<Int32(values.count)).map { $0 })
    }
  }

  /// Softmax over some tokens of a row of raw scores, normalised.
  func attention(_ scores: UnsafePointer<Float>, over tokens: [Int32]) -> [Float] {
    softmax(tokens.map { scores[Int($0)] })
  }
}
