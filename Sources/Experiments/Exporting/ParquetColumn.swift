import Results

/// The values of one column of one row group, as they are written: which rows have one, and those, plainly encoded.
struct ParquetColumn {
  let name: String
  let type: ColumnType
  private var rows = 0
  private var values: [UInt8] = []
  /// Runs of rows with or without a value.
  private var runs: [(isPresent: Bool, count: UInt64)] = []

  init(name: String, type: ColumnType) {
    self.name = name
    self.type = type
  }

  /// The same column without its values.
  var head: ParquetColumn { ParquetColumn(name: name, type: type) }

  /// By Parquet's numbers: INT64, DOUBLE, BYTE_ARRAY.
  var physicalType: Int {
    switch type {
    case .integer: 2
    case .real: 5
    case .text: 6
    }
  }

  mutating func append(_ value: ExportedValue) {
    rows += 1
    switch value {
    case .null: mark(false)
    case .integer(let value): append(UInt64(bitPattern: value))
    case .real(let value): append(value.bitPattern)
    case .text(let text):
      mark(true)
      append(littleEndian: UInt32(text.utf8.count))
      values += text.utf8
    }
  }

  private mutating func append(_ word: UInt64) {
    mark(true)
    append(littleEndian: word)
  }

  private mutating func append(littleEndian value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { values += $0 }
  }

  private mutating func mark(_ isPresent: Bool) {
    if let last = runs.last, last.isPresent == isPresent {
      runs[runs.count - 1].count += 1
    } else {
      runs.append((isPresent, 1))
    }
  }

  /// A page with its header: the definition levels as run lengths (RLE, one bit), then the values (PLAIN), compressed
  /// together by zstd.
  func page() throws -> (bytes: [UInt8], uncompressed: Int) {
    var levels: [UInt8] = []
    for run in runs {
      ThriftCompact.append(run.count << 1, to: &levels)
      levels.append(run.isPresent ? 1 : 0)
    }
    var body: [UInt8] = []
    withUnsafeBytes(of: UInt32(levels.count).littleEndian) { body += $0 }
    body += levels
    body += values
    let compressed = try ZstdFrame.compressed(body, place: "a Parquet column")
    var header = ThriftCompact()
    header.int32(1, 0)
    header.int32(2, body.count)
    header.int32(3, compressed.count)
    header.structure(5) { data in
      data.int32(1, rows)
      data.int32(2, ParquetFile.plain)
      data.int32(3, ParquetFile.runLength)
      data.int32(4, ParquetFile.runLength)
    }
    header.end()
    return (header.bytes + compressed, header.bytes.count + body.count)
  }
}
