import Kernels

extension GroupContext {
  /// Checks that the kernels can score vectors of `width` numbers.
  ///
  /// - Throws: ``PolicyError`` where they cannot.
  func require(width: Int, for policy: String) throws {
    if width <= Kernels.maximumChannels { return }
    throw PolicyError(
      """
      \(policy): layer \(layer): vectors of \(width) numbers for heads of \(headDim) channels: expected at most \
      \(Kernels.maximumChannels), which the kernels score: leave the policy out on this trace
      """)
  }
}

/// One vector per token made from its key alone: a projection, a quantised copy. A query of the same width is
/// scored against it by the kernel that scores keys.
struct TokenTable {
  let panels: KeyPanels
  var width: Int { panels.channels }

  /// The table called `name` of a group, made on first use.
  ///
  /// - Parameters:
  ///   - name: says everything that decides the table.
  ///   - fill: writes a token's vector of `width` floats.
  init(
    _ name: String, of tables: GroupTables, width: Int,
    fill: (_ token: Int, _ out: UnsafeMutablePointer<Float>) -> Void
  ) {
    panels = tables.cached("token table " + name) {
      let rows = FloatBuffer(count: tables.tokens * width)
      for token in 0..<tables.tokens { fill(token, rows.pointer + token * width) }
      return tables.pack(rows, count: tables.tokens, width: width)
    }
  }
}

/// One vector per page of consecutive tokens: bounds, means, landmarks.
///
/// Page p holds tokens `p · pageTokens ..< (p + 1) · pageTokens`. The last page that a step sees may be partial:
/// its vector is made anew from the tokens that the step sees.
struct PageTable {
  let pageTokens: Int
  let panels: KeyPanels
  private let tables: GroupTables
  private let fill: (_ tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>) -> Void

  var width: Int { panels.channels }

  /// The table called `name` of a group, made on first use.
  ///
  /// - Parameter fill: writes the vector of a page that holds the tokens of a range.
  init(
    _ name: String, of tables: GroupTables, pageTokens: Int, width: Int,
    fill: @escaping (_ tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>) -> Void
  ) {
    self.pageTokens = pageTokens
    self.tables = tables
    self.fill = fill
    panels = tables.cached("page table \(name) \(pageTokens)") {
      let pages = (tables.tokens + pageTokens - 1) / pageTokens
      let rows = FloatBuffer(count: pages * width)
      for page in 0..<pages {
        fill(page * pageTokens..<min((page + 1) * pageTokens, tables.tokens), rows.pointer + page * width)
      }
      return tables.pack(rows, count: pages, width: width)
    }
  }

  /// Pages that a step sees, the partial last one included.
  func pages(_ visible: Range<Int>) -> Range<Int> {
    visible.lowerBound / pageTokens..<(visible.upperBound + pageTokens - 1) / pageTokens
  }

  /// The last pages of several steps, each of what its step sees.
  func lastPages(_ steps: [Step]) -> KeyPanels {
    let rows = FloatBuffer(count: steps.count * width)
    for (index, step) in steps.enumerated() {
      let end = step.visible.upperBound
      fill((end - 1) / pageTokens * pageTokens..<end, rows.pointer + index * width)
    }
    return tables.pack(rows, count: steps.count, width: width)
  }
}
