import Kernels

extension PageTable {
  /// Mean key of a page.
  static func means(of tables: GroupTables, pageTokens: Int) -> PageTable {
    let d = tables.channels
    return PageTable("means", of: tables, pageTokens: pageTokens, width: d) { page, out in
      for c in 0..<d { out[c] = 0 }
      for token in page.tokens { for c in 0..<d { out[c] += page[token][c] } }
      for c in 0..<d { out[c] /= Float(page.tokens.count) }
    }
  }

  /// Channel-wise [maximum; minimum] of a page's keys.
  static func bounds(of tables: GroupTables, pageTokens: Int) -> PageTable {
    let d = tables.channels
    return PageTable("bounds", of: tables, pageTokens: pageTokens, width: 2 * d) { page, out in
      for c in 0..<d {
        out[c] = page[page.tokens.lowerBound][c]
        out[d + c] = out[c]
      }
      for token in page.tokens.dropFirst() {
        for c in 0..<d {
          out[c] = max(out[c], page[token][c])
          out[d + c] = min(out[d + c], page[token][c])
        }
      }
    }
  }

  /// Channel-wise [centre; mean distance from it] of a page's keys, the centre half-way between highest and lowest.
  static func cuboids(of tables: GroupTables, pageTokens: Int) -> PageTable {
    let d = tables.channels
    return PageTable("cuboids", of: tables, pageTokens: pageTokens, width: 2 * d) { page, out in
      for c in 0..<d {
        var (low, high) = (Float.infinity, -Float.infinity)
        for token in page.tokens {
          low = min(low, page[token][c])
          high = max(high, page[token][c])
        }
        out[c] = (high + low) / 2
        out[d + c] =
          page.tokens.reduce(Float(0)) { $0 + abs(page[$1][c] - out[c]) } / Float(page.tokens.count)
      }
    }
  }

  enum Deviation: String { case standard, absolute }

  /// Channel-wise [mean; deviation from it] of a page's keys.
  static func spread(of tables: GroupTables, pageTokens: Int, _ deviation: Deviation) -> PageTable {
    let d = tables.channels
    return PageTable("spread \(deviation)", of: tables, pageTokens: pageTokens, width: 2 * d) { page, out in
      let count = Float(page.tokens.count)
      for c in 0..<2 * d { out[c] = 0 }
      for token in page.tokens { for c in 0..<d { out[c] += page[token][c] } }
      for c in 0..<d { out[c] /= count }
      for token in page.tokens {
        for c in 0..<d {
          let difference = page[token][c] - out[c]
          out[d + c] += deviation == .standard ? difference * difference : abs(difference)
        }
      }
      for c in d..<2 * d { out[c] = deviation == .standard ? (out[c] / count).squareRoot() : out[c] / count }
    }
  }
}

extension QueryBlock {
  /// [q; c · |q|] of every row, which meets a mean and a deviation.
  func spreadQueries(_ factor: Float) -> FloatBuffer {
    let d = group.headDim
    return derivedQueries(width: 2 * d) { _, query, out in
      for c in 0..<d {
        out[c] = query[c]
        out[d + c] = factor * abs(query[c])
      }
    }
  }
}
