import Results

/// The values of one column of one row group, as they are written: which rows have one, and those, plainly encoded.
struct ParquetColumn {
  let name: String
  let type: ColumnType
  private var rows = 0
  /// Numbers, little-endian.
  private var words: [UInt64] = []
  /// Texts, each behind its length.
  private var texts: [UInt8] = []
  /// Definition levels of the rows before the last run of rows that have a value, or have none.
  private var levels: [UInt8] = []
  private var run: (isPresent: Bool, count: UInt64) = (true, 0)

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
    case .integer(let value):
      mark(true)
      words.append(UInt64(bitPattern: value).littleEndian)
    case .real(let value):
      mark(true)
      words.append(value.bitPattern.littleEndian)
    case .text(let text):
      mark(true)
      withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { texts += $0 }
      texts += text.utf8
    }
  }

  private mutating func mark(_ isPresent: Bool) {
    if isPresent != run.isPresent {
      endRun()
      run = (isPresent, 0)
    }
    run.count += 1
  }

  private mutating func endRun() {
    if run.count == 0 { return }
    ThriftCompact.append(run.count << 1, to: &levels)
    levels.append(run.isPresent ? 1 : 0)
  }

  /// A page with its header: the definition levels as run lengths (RLE, one bit), then the values (PLAIN), compressed
  /// together by zstd.
  consuming func page() throws -> (bytes: [UInt8], uncompressed: Int) {
    endRun()
    var body: [UInt8] = []
    body.reserveCapacity(4 + levels.count + 8 * words.count + texts.count)
    withUnsafeBytes(of: UInt32(levels.count).littleEndian) { body += $0 }
    body += levels
    words.withUnsafeBytes { body += $0 }
    body += texts
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
