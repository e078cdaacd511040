import Kernels

/// A KV head's keys and values as they are, for a chooser that is not of this project: what it reads of them nobody knows, so
/// that nothing is charged.
package struct PlainRows {
  /// Of this file alone: to read keys.
  struct Leave { fileprivate init() {} }

  /// `[tokens][headDim]`
  package let keys: UnsafePointer<Float>
  /// `[tokens][valueDim]`; nil where only keys are looked at.
  package let values: UnsafePointer<Float>?
  private let tables: GroupTables

  /// Valid as long as this is.
  package init(_ block: QueryBlock) {
    let tables = block.tables
    self.tables = tables
    keys = tables.keys(for: .outside(Leave()))[0]
    let width = block.group.valueDim
    values = tables.values.map { rows in
      let plain = tables.grown("plain value rows", room: tables.room(width)) { plain, tokens in
        for token in tokens { (plain.pointer + token * width).update(from: rows[token], count: width) }
      }
      return UnsafePointer(plain.pointer)
    }
  }
}
