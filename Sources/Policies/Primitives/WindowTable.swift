import Attention
import Kernels

/// The mean key of each of overlapping windows of consecutive tokens, of whole windows alone.
///
/// Window i holds tokens `i · stride ..< i · stride + size`.
struct WindowTable {
  let size: Int
  let stride: Int
  fileprivate let panels: KeyPanels

  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  /// The table of a group, made on first use.
  init(of tables: GroupTables, size: Int, stride: Int) {
    self.size = size
    self.stride = stride
    let d = tables.channels
    let keys = tables.keys(for: .windowTable(Leave()))
    let all = Self.whole(tables.tokens, size: size, stride: stride)
    panels = tables.grown(
      "window table \(size) \(stride)",
      room: { KeyPanels.room(tokens: max(all, 1), channels: d, isForkable: $0) }
    ) { panels, tokens in
      let row = FloatBuffer(count: d)
      // Those that have just become whole.
      let first = Self.whole(tokens.lowerBound, size: size, stride: stride)
      for window in first..<Self.whole(tokens.upperBound, size: size, stride: stride) {
        for c in 0..<d { row[c] = 0 }
        for token in window * stride..<window * stride + size {
          for c in 0..<d { row[c] += keys[token][c] }
        }
        for c in 0..<d { row[c] /= Float(size) }
        panels.write(row.pointer, at: window)
      }
    }
  }

  /// Windows that so many tokens fill.
  static func whole(_ tokens: Int, size: Int, stride: Int) -> Int {
    tokens < size ? 0 : (tokens - size) / stride + 1
  }

  /// Windows that a step sees whole.
  func windows(_ visible: Range<Int>) -> Range<Int> {
    let first = (visible.lowerBound + stride - 1) / stride
    return first..<max(first, Self.whole(visible.upperBound, size: size, stride: stride))
  }

  /// Windows that hold some of the tokens.
  func overlapping(_ tokens: Range<Int>) -> Range<Int> {
    let first = tokens.lowerBound < size ? 0 : (tokens.lowerBound - size) / stride + 1
    return first..<(tokens.upperBound - 1) / stride + 1
  }

  /// Whether a step's own token fills a window.
  fileprivate func isFilled(at end: Int) -> Bool { end >= size && (end - size) % stride == 0 }
}

extension QueryBlock {
  /// Scores of every window that a step sees by its mean; column i is window i.
  ///
  /// Means are read once for the group, and one is made from its keys at a step that fills a window. Scores are read back by
  /// what takes their softmax, which needs them all.
  func scores(_ table: WindowTable) -> ScoreMatrix {
    let row = StoredRow.vector(group.headDim, like: group)
    let seen = steps.reduce(0) { $0 + table.windows($1.visible).count }
    charge(
      row.scoring(), readPerHead: seen * row.bytes * group.groupSize, readGroupUnion: seen * row.bytes)
    chargeScores(seen * group.groupSize, writtenBy: row.kernel, readBy: .select)
    let filled = steps.count { table.isFilled(at: $0.visible.upperBound) }
    let keyBytes = filled * table.size * group.cachedKeyBytes
    charge(
      DecodeOperation(.upkeep, .append, .keys, rowBytes: group.cachedKeyBytes, bits: group.cacheBits),
      readPerHead: keyBytes, readGroupUnion: keyBytes)
    charge(
      DecodeOperation(.upkeep, .append, .metadata, rowBytes: row.bytes), written: filled * row.bytes)
    let all = table.windows(span)
    let result = ScoreMatrix(rows: rows, tokens: max(all.upperBound, 1), pool: pool)
    guard !all.isEmpty else { return result }
    kernels.score(
      queries: queries.pointer, rows: rows, keys: table.panels, channelList: Array(0..<Int32(group.headDim)),
      tokens: all, into: result.row(0), stride: result.stride)
    return result
  }
}
