import Attention
import Kernels

/// The keys of consecutive tokens, for what is made of them.
struct KeyPage {
  let tokens: Range<Int>
  private let keys: KeyRows

  init(tokens: Range<Int>, keys: KeyRows) {
    self.tokens = tokens
    self.keys = keys
  }

  /// The key of one of the page's tokens.
  subscript(token: Int) -> UnsafePointer<Float> { keys[token] }
}

/// One vector per page of consecutive tokens: bounds, means, landmarks.
///
/// Page p holds tokens `p · pageTokens ..< (p + 1) · pageTokens`. The last page that a step sees may be partial:
/// its vector is made anew from the tokens that the step sees.
struct PageTable {
  let pageTokens: Int
  fileprivate let panels: KeyPanels
  private let tables: GroupTables
  private let fill: (_ page: KeyPage, _ out: UnsafeMutablePointer<Float>) -> Void

  var width: Int { panels.channels }

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  /// The table called `name` of a group, made on first use.
  ///
  /// - Parameter fill: writes the vector of a page from its keys.
  init(
    _ name: String, of tables: GroupTables, pageTokens: Int, width: Int,
    fill: @escaping (_ page: KeyPage, _ out: UnsafeMutablePointer<Float>) -> Void
  ) {
    self.pageTokens = pageTokens
    self.tables = tables
    self.fill = fill
    let keys = tables.keys(for: .pageTable(Leave()))
    let pages = (tables.tokens + pageTokens - 1) / pageTokens
    panels = tables.grown(
      "page table \(name) \(pageTokens)",
      room: { KeyPanels.room(tokens: pages, channels: width, isForkable: $0) }
    ) { panels, tokens in
      let row = FloatBuffer(count: width)
      // Those that have just become whole; the last of a step is made anew for it.
      for page in tokens.lowerBound / pageTokens..<tokens.upperBound / pageTokens {
        fill(KeyPage(tokens: page * pageTokens..<(page + 1) * pageTokens, keys: keys), row.pointer)
        panels.write(row.pointer, at: page)
      }
    }
  }

  /// Pages that a step sees, the partial last one included.
  func pages(_ visible: Range<Int>) -> Range<Int> {
    visible.lowerBound / pageTokens..<(visible.upperBound + pageTokens - 1) / pageTokens
  }

  /// The last pages of several steps, each of what its step sees.
  fileprivate func lastPages(_ steps: [Step]) -> KeyPanels {
    let keys = tables.keys(for: .pageTable(Leave()))
    let rows = FloatBuffer(count: steps.count * width)
    for (index, step) in steps.enumerated() {
      let end = step.visible.upperBound
      let page = KeyPage(tokens: (end - 1) / pageTokens * pageTokens..<end, keys: keys)
      fill(page, rows.pointer + index * width)
    }
    return tables.pack(rows, count: steps.count, width: width)
  }
}

extension QueryBlock {
  /// Scores of every visible page by its vector in `table`; column p is page p.
  ///
  /// - Parameters:
  ///   - queries: `[rows][table.width]`.
  ///   - rows: what is kept of a page; read once per page, and written again as a new token joins the last.
  func scores(_ table: PageTable, queries: FloatBuffer, rows: StoredRow) -> PageScores {
    let seen = steps.reduce(0) { $0 + table.pages($1.visible).count }
    charge(
      rows.scoring(),
      readPerHead: seen * rows.bytes * group.groupSize, readGroupUnion: seen * rows.bytes)
    chargeAppend(rowBytes: rows.bytes)
    charge(.scores(.score, by: rows.kernel), written: seen * 4 * group.groupSize)
    return pageScores(table, queries: queries)
  }

  /// The same for whoever charges what is read of it.
  func pageScores(_ table: PageTable, queries: FloatBuffer, for _: HeldPages.Leave) -> PageScores {
    pageScores(table, queries: queries)
  }

  private func pageScores(_ table: PageTable, queries: FloatBuffer) -> PageScores {
    let pages = table.pages(span)
    let matrix = ScoreMatrix(rows: self.rows, tokens: pages.upperBound, pool: pool)
    let channels = Array(0..<Int32(table.width))
    kernels.score(
      queries: queries.pointer, rows: self.rows, keys: table.panels, channelList: channels, tokens: pages,
      into: matrix.row(0), stride: matrix.stride)
    let last = ScoreMatrix(rows: self.rows, tokens: steps.count, pool: pool)
    kernels.score(
      queries: queries.pointer, rows: self.rows, keys: table.lastPages(steps), channelList: channels,
      tokens: 0..<steps.count, into: last.row(0), stride: last.stride)
    for row in 0..<self.rows {
      let step = row % steps.count
      matrix.row(row)[table.pages(steps[step].visible).upperBound - 1] = last.row(row)[step]
    }
    return PageScores(matrix: matrix, pageTokens: table.pageTokens)
  }
}
