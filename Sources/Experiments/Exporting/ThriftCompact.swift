/// Thrift's compact protocol, as far as Parquet's metadata needs it
/// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
struct ThriftCompact {
  private(set) var bytes: [UInt8] = []
  /// Numbers of the last field of the structures that are open.
  private var last: [Int] = [0]

  private enum Kind: UInt8 {
    case int32 = 5, int64 = 6, binary = 8, list = 9, structure = 12
  }

  mutating func int32(_ field: Int, _ value: Int) { number(field, .int32, value) }

  mutating func int64(_ field: Int, _ value: Int) { number(field, .int64, value) }

  mutating func text(_ field: Int, _ value: String) {
    begin(field, .binary)
    binary(value)
  }

  mutating func structure(_ field: Int, _ body: (inout ThriftCompact) -> Void) {
    begin(field, .structure)
    nested(body)
  }

  mutating func list<Item>(
    _ field: Int, ofStructures items: [Item], _ body: (inout ThriftCompact, Item) -> Void
  ) {
    begin(field, .list)
    listHead(items.count, .structure)
    for item in items { nested { body(&$0, item) } }
  }

  mutating func list(_ field: Int, of numbers: [Int]) {
    begin(field, .list)
    listHead(numbers.count, .int32)
    for number in numbers { zigzag(number) }
  }

  mutating func list(_ field: Int, of texts: [String]) {
    begin(field, .list)
    listHead(texts.count, .binary)
    for text in texts { binary(text) }
  }

  /// Ends the outermost structure.
  mutating func end() { bytes.append(0) }

  private mutating func nested(_ body: (inout ThriftCompact) -> Void) {
    last.append(0)
    body(&self)
    last.removeLast()
    bytes.append(0)
  }

  /// Fields come in ascending order, at most 15 apart.
  private mutating func begin(_ field: Int, _ kind: Kind) {
    bytes.append(UInt8(field - (last.last ?? 0)) << 4 | kind.rawValue)
    last[last.count - 1] = field
  }

  private mutating func number(_ field: Int, _ kind: Kind, _ value: Int) {
    begin(field, kind)
    zigzag(value)
  }

  private mutating func listHead(_ count: Int, _ kind: Kind) {
    if count < 15 { return bytes.append(UInt8(count) << 4 | kind.rawValue) }
    bytes.append(0xF0 | kind.rawValue)
    Self.append(UInt64(count), to: &bytes)
  }

  private mutating func binary(_ text: String) {
    Self.append(UInt64(text.utf8.count), to: &bytes)
    bytes += text.utf8
  }

  private mutating func zigzag(_ value: Int) {
    Self.append(UInt64(bitPattern: Int64((value << 1) ^ (value >> 63))), to: &bytes)
  }

  /// Seven bits a byte, the lowest first.
  static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
