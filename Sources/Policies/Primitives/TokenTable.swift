import Attention
import Kernels

/// One vector per token made from its key alone: a projection, a quantised copy. A query of the same width is
/// scored against it by the kernel that scores keys.
struct TokenTable {
  private let name: String
  private let panels: KeyPanels
  var width: Int { panels.channels }

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  /// The table called `name` of a group, made on first use.
  ///
  /// - Parameters:
  ///   - name: says everything that decides the table.
  ///   - fill: writes the vector of `width` floats of a token's key.
  init(
    _ name: String, of tables: GroupTables, width: Int,
    fill: (_ key: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>) -> Void
  ) {
    let keys = tables.keys(for: .tokenTable(Leave()))
    self.init(name, of: tables, width: width) { tokens in
      let rows = FloatBuffer(count: tokens.count * width)
      for (place, token) in tokens.enumerated() { fill(keys[token], rows.pointer + place * width) }
      return rows
    }
  }

  /// The same where vectors are not made one by one.
  ///
  /// - Parameter rows: makes those of some tokens, whatever was made before: `[tokens][width]`.
  init(_ name: String, of tables: GroupTables, width: Int, rows: (Range<Int>) -> FloatBuffer) {
    self.name = name
    panels = tables.grownPanels("token table " + name, width: width, make: rows)
  }

  /// How many tables there are among some, of which several may be one.
  fileprivate static func distinct(_ tables: [TokenTable]) -> Int { Set(tables.map(\.name)).count }

  fileprivate func score(
    _ queries: FloatBuffer, _ rows: Range<Int>, of block: QueryBlock, into out: ScoreMatrix
  ) {
    block.kernels.score(
      queries: queries.pointer + rows.lowerBound * width, rows: rows.count, keys: panels,
      channelList: Array(0..<Int32(width)), tokens: block.span, into: out.row(rows.lowerBound),
      stride: out.stride)
  }
}

extension QueryBlock {
  /// Scores of every visible token by its vector in `table`: a stream over what is kept beside the cache.
  ///
  /// - Parameters:
  ///   - queries: `[rows][table.width]`.
  ///   - rows: what the table keeps of a token, read once for the group; and written for a new token.
  ///   - isApart: whether the table is kept beside the cache, and not part of it.
  func scores(_ table: TokenTable, queries: FloatBuffer, rows: StoredRow, isApart: Bool = true) -> ScoreMatrix
  {
    chargeVectors(rows, copies: 1, kept: isApart ? 1 : 0)
    let result = makeMatrix()
    table.score(queries, 0..<self.rows, of: self, into: result)
    return result
  }

  /// The same where each query head of the group has a table; those that are one are read once for the group.
  ///
  /// - Parameters:
  ///   - tables: of one width.
  ///   - queries: `[rows][width]`.
  func scores(_ tables: [TokenTable], queries: FloatBuffer, rows: StoredRow) -> ScoreMatrix {
    let copies = TokenTable.distinct(tables)
    chargeVectors(rows, copies: copies, kept: copies)
    let result = makeMatrix()
    for (head, table) in tables.enumerated() {
      table.score(queries, row(head: head, step: 0)..<row(head: head + 1, step: 0), of: self, into: result)
    }
    return result
  }

  /// Scores of some tokens of every row by their vectors, gathered, from which a share of the mass is then taken:
  /// `[row][place among its tokens]`.
  func scores(_ table: TokenTable, queries: FloatBuffer, rows: StoredRow, of tokens: Selections) -> [[Float]]
  {
    chargeGather(rows.scoring(.gather(rowBytes: rows.bytes)), tokens, at: Array(steps.indices))
    chargeScores(tokens.tokens.count, writtenBy: rows.kernel, readBy: .topP)
    chargeAppend(rowBytes: rows.bytes)
    let all = makeMatrix()
    table.score(queries, 0..<self.rows, of: self, into: all)
    return (0..<tokens.rows).map { row in
      let scores = all.row(row)
      return tokens[row].map { scores[Int($0)] }
    }
  }

  private func chargeVectors(_ rows: StoredRow, copies: Int, kept: Int) {
    let read = visibleTokens * rows.bytes
    charge(
      rows.scoring(),
      readPerHead: read * group.groupSize, readGroupUnion: read * copies)
    chargeAppend(rowBytes: rows.bytes, pieces: kept)
    chargeScores(writtenBy: rows.kernel)
  }
}
