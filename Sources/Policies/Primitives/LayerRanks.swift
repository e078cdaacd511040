/// Ranks of a layer's heads as those of one choice.
enum LayerRanks {
  /// Every row's best rank of each page.
  static func pooled(_ ranks: RankTap.Ranks, _ block: QueryBlock, page: Int) -> RankTap.Ranks {
    let pages = ScoreMatrix(
      rows: block.rows, tokens: (ranks.matrix.stride + page - 1) / page, pool: block.pool)
    for row in 0..<block.rows {
      let (values, out, visible) = (ranks.matrix.row(row), pages.row(row), block.visible(row))
      for place in visible.lowerBound / page..<(visible.upperBound + page - 1) / page {
        let tokens = (place * page..<(place + 1) * page).clamped(to: visible)
        out[place] = tokens.reduce(-Float.infinity) { max($0, values[$1]) }
      }
    }
    return RankTap.Ranks(matrix: pages, pageTokens: page, guarded: ranks.guarded, leastPages: 1)
  }

  /// Every row the sum of all heads' rows of its step, in ascending order of heads.
  static func summed(_ ranks: [RankTap.Ranks], _ blocks: [QueryBlock]) -> [RankTap.Ranks] {
    combined(ranks, blocks) { rows, columns, out in
      for column in columns { out[column] = rows.reduce(Float(0)) { $0 + $1[column] } }
    }
  }

  /// Every row the largest of all heads' rows of its step, each brought to mean 0 and deviation 1 over what it sees.
  static func largest(_ ranks: [RankTap.Ranks], _ blocks: [QueryBlock]) -> [RankTap.Ranks] {
    combined(ranks, blocks) { rows, columns, out in
      for column in columns { out[column] = -.infinity }
      for row in rows {
        let mean = columns.reduce(0.0) { $0 + Double(row[$1]) } / Double(max(columns.count, 1))
        let variance = columns.reduce(0.0) { $0 + (Double(row[$1]) - mean) * (Double(row[$1]) - mean) }
        let deviation = max((variance / Double(max(columns.count, 1))).squareRoot(), 1e-6)
        for column in columns {
          out[column] = max(out[column], Float((Double(row[column]) - mean) / deviation))
        }
      }
    }
  }

  private typealias Row = UnsafeMutablePointer<Float>

  /// - Parameter combine: the heads' rows of a step, the columns that it sees, and what gets their combination.
  private static func combined(
    _ ranks: [RankTap.Ranks], _ blocks: [QueryBlock], _ combine: ([Row], Range<Int>, Row) -> Void
  ) -> [RankTap.Ranks] {
    guard let first = blocks.first, let kind = ranks.first else { return [] }
    let results = zip(ranks, blocks).map {
      ScoreMatrix(rows: $1.rows, tokens: $0.matrix.stride, pool: $1.pool)
    }
    for (index, step) in first.steps.enumerated() {
      let columns =
        kind.pageTokens == 1
        ? step.visible : PageScores(matrix: kind.matrix, pageTokens: kind.pageTokens).pages(step.visible)
      let rows = zip(ranks, blocks).flatMap { ranks, block in
        (0..<block.group.groupSize).map { ranks.matrix.row(block.row(head: $0, step: index)) }
      }
      let one = results[0].row(first.row(head: 0, step: index))
      combine(rows, columns, one)
      for (result, block) in zip(results, blocks) {
        for head in 0..<block.group.groupSize {
          let row = result.row(block.row(head: head, step: index))
          if row != one {
            (row + columns.lowerBound).update(from: one + columns.lowerBound, count: columns.count)
          }
        }
      }
    }
    return zip(ranks, results).map {
      RankTap.Ranks(
        matrix: $1, pageTokens: $0.pageTokens, guarded: kind.guarded, leastPages: kind.leastPages)
    }
  }
}

/// What any head of a layer chose, for all of them.
enum LayerUnion {
  static func sets(_ own: [Selections], _ blocks: [QueryBlock]) -> [Selections] {
    guard let first = blocks.first else { return [] }
    let unions = first.steps.indices.map { step -> [Int32] in
      var union: Set<Int32> = []
      for (chosen, block) in zip(own, blocks) {
        for head in 0..<block.group.groupSize { union.formUnion(chosen[block.row(head: head, step: step)]) }
      }
      return union.sorted()
    }
    return blocks.map { block in
      var result = Selections()
      for row in 0..<block.rows { result.appendRow(unions[row % block.steps.count]) }
      return result
    }
  }
}
