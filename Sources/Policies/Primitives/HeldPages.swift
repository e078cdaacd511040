import Attention
import Kernels

/// Scores of the pages that an evicting policy still holds.
///
/// They are computed for a block at once and of all pages that it sees; what is charged is what a step asks for.
struct HeldPages {
  fileprivate let scores: PageScores
  fileprivate let rows: StoredRow

  /// Of this file alone: to score pages whose reads are charged later.
  struct Leave { fileprivate init() {} }
}

extension QueryBlock {
  /// Pages to be scored by their vectors in `table`, which are kept beside the cache and written again as a new token joins
  /// the last.
  ///
  /// - Parameters:
  ///   - queries: `[rows][table.width]`.
  ///   - rows: what is kept of a page.
  func heldPages(_ table: PageTable, queries: FloatBuffer, rows: StoredRow) -> HeldPages {
    chargeAppend(rowBytes: rows.bytes)
    return HeldPages(scores: pageScores(table, queries: queries, for: HeldPages.Leave()), rows: rows)
  }

  /// Scores of the pages that each query head of the group holds at a step; a page that several hold is read once for the
  /// group.
  func scores(_ held: HeldPages, of pages: [[Int]], step: Int) -> [[Float]] {
    let count = pages.reduce(0) { $0 + $1.count }
    charge(
      held.rows.scoring(), readPerHead: count * held.rows.bytes,
      readGroupUnion: Set(pages.joined()).count * held.rows.bytes)
    chargeScores(count, writtenBy: held.rows.kernel, readBy: .select)
    return pages.enumerated().map { head, pages in
      let values = held.scores.matrix.row(row(head: head, step: step))
      return pages.map { values[$0] }
    }
  }
}
