import Results
import Traces

/// Writes rows as Parquet (https://parquet.apache.org/docs/file-format/): a page per column and row group, every column
/// optional, zstd. No program is started, and no column's type hangs on its values.
final class ParquetFile {
  static let plain = 0
  static let runLength = 3
  private static let zstd = 6
  private static let mark: [UInt8] = Array("PAR1".utf8)

  /// Rows that are held before they are written.
  private static let groupRows = 1 << 16
  /// Bytes of text that are held, so that a page stays below Parquet's 2 GiB.
  private static let groupTextBytes = 1 << 26

  private struct Chunk {
    let column: ParquetColumn
    let offset: Int
    let bytes: Int
    let uncompressed: Int
  }

  private struct Group {
    let chunks: [Chunk]
    let rows: Int
  }

  private let file: OutputFile
  private let empty: [ParquetColumn]
  private var columns: [ParquetColumn]
  private var rows = 0
  private var textBytes = 0
  private var offset = 0
  private var groups: [Group] = []

  init(_ columns: [ExportedView.Column], to file: OutputFile) throws {
    self.file = file
    empty = columns.map { ParquetColumn(name: $0.name, type: $0.type) }
    self.columns = empty
    try write(Self.mark)
  }

  func append(_ row: [ExportedValue]) throws {
    for (place, value) in row.enumerated() {
      columns[place].append(value)
      if case .text(let text) = value { textBytes += text.utf8.count }
    }
    rows += 1
    if rows == Self.groupRows || textBytes > Self.groupTextBytes { try endGroup() }
  }

  /// Writes the rest and the footer.
  func finish() throws {
    if rows > 0 { try endGroup() }
    let footer = self.footer()
    try write(footer)
    try write(withUnsafeBytes(of: UInt32(footer.count).littleEndian) { Array($0) } + Self.mark)
  }

  private func endGroup() throws {
    let chunks = try columns.map { column in
      let page = try column.page()
      let chunk = Chunk(
        column: column.head, offset: offset, bytes: page.bytes.count, uncompressed: page.uncompressed)
      try write(page.bytes)
      return chunk
    }
    groups.append(Group(chunks: chunks, rows: rows))
    (columns, rows, textBytes) = (empty, 0, 0)
  }

  private func write(_ bytes: [UInt8]) throws {
    try file.write(bytes)
    offset += bytes.count
  }

  private func footer() -> [UInt8] {
    var meta = ThriftCompact()
    meta.int32(1, 1)
    meta.list(2, ofStructures: [nil] + empty.map(Optional.some)) { element, column in
      guard let column else {
        element.text(4, "schema")
        return element.int32(5, empty.count)
      }
      element.int32(1, column.physicalType)
      element.int32(3, 1)
      element.text(4, column.name)
      if column.type == .text {
        element.int32(6, 0)
        // The same in the newer way: a union of which the first member is a string's.
        element.structure(10) { $0.structure(1) { _ in } }
      }
    }
    meta.int64(3, groups.reduce(0) { $0 + $1.rows })
    meta.list(4, ofStructures: groups) { group, own in
      group.list(1, ofStructures: own.chunks) { chunk, column in
        chunk.int64(2, column.offset)
        chunk.structure(3) { data in
          data.int32(1, column.column.physicalType)
          data.list(2, of: [Self.plain, Self.runLength])
          data.list(3, of: [column.column.name])
          data.int32(4, Self.zstd)
          data.int64(5, own.rows)
          data.int64(6, column.uncompressed)
          data.int64(7, column.bytes)
          data.int64(9, column.offset)
        }
      }
      group.int64(2, own.chunks.reduce(0) { $0 + $1.uncompressed })
      group.int64(3, own.rows)
    }
    meta.text(6, "fasa-sim version \(ToolVersion.current)")
    meta.end()
    return meta.bytes
  }
}
