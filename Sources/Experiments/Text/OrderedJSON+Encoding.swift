import Synchronization

extension OrderedJSON {
  /// A value by the names that databases use: `perHeadBytesShare` is `per_head_bytes_share`.
  ///
  /// What is nil or no finite number is null, so that every object of a type has the same members. The keys of dictionaries are
  /// names already; they come in their alphabet's order.
  package init(_ value: some Encodable) throws { self = try Self.of(value, at: []) }

  fileprivate static func of(_ value: any Encodable, at path: [any CodingKey]) throws -> OrderedJSON {
    switch value {
    case let value as OrderedJSON: return value
    case let value as String: return .text(value)
    case let value as Bool: return .boolean(value)
    case let value as Double: return value.isFinite ? .real(value) : .null
    case let value as Float: return value.isFinite ? .real(Double(value)) : .null
    case let value as any BinaryInteger: return .integer(Int64(clamping: value))
    case let value as [String: any Encodable]:
      return .object(
        try value.sorted { $0.key < $1.key }.map { Member(name: $0.key, value: try of($0.value, at: path)) })
    default:
      let encoder = RecordEncoder(path)
      try value.encode(to: encoder)
      return encoder.storage.json
    }
  }

  /// As a database names what Swift calls so, units with it: `medianNanoseconds` is `median_ns`.
  static func name(_ property: String) -> String {
    names.withLock { known in
      if let name = known[property] { return name }
      let name = spelled(property)
      known[property] = name
      return name
    }
  }

  /// Kept, since every row of a table has the same.
  private static let names = Mutex<[String: String]>([:])

  private static func spelled(_ property: String) -> String {
    // A unit needs what it is the unit of.
    if property == "seconds" { return property }
    var words: [String] = []
    for character in property {
      if character.isUppercase, words.last?.last?.isUppercase != true {
        words.append(String(character))
      } else if words.isEmpty {
        words.append(String(character))
      } else {
        words[words.count - 1].append(character)
      }
    }
    return "_\(words.map { $0.lowercased() }.joined(separator: "_"))_"
      .replacing("_per_second_", with: "_per_s_").replacing("_nanoseconds_", with: "_ns_")
      .replacing("_seconds_", with: "_s_").replacing("_speed_up_", with: "_speedup_")
      .trimmingUnderlines
  }
}

extension String {
  fileprivate var trimmingUnderlines: String { String(dropFirst().dropLast()) }
}

/// Where an encoder's containers put what they are given.
private final class RecordStorage {
  enum Kind { case single, array, object }

  var kind = Kind.single
  private var value = OrderedJSON.null
  private var parts: [(name: String, value: () -> OrderedJSON)] = []

  func set(_ json: OrderedJSON) { value = json }
  func add(_ name: String, _ json: OrderedJSON) { parts.append((name, { json })) }

  /// What another container fills afterwards.
  func nested(_ name: String, _ path: [any CodingKey]) -> RecordEncoder {
    let encoder = RecordEncoder(path)
    parts.append((name, { encoder.storage.json }))
    return encoder
  }

  var count: Int { parts.count }

  var json: OrderedJSON {
    switch kind {
    case .single: value
    case .array: .array(parts.map { $0.value() })
    case .object: .object(parts.map { OrderedJSON.Member(name: $0.name, value: $0.value()) })
    }
  }
}

private struct RecordEncoder: Encoder {
  let storage = RecordStorage()
  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]

  init(_ path: [any CodingKey]) { codingPath = path }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    storage.kind = .object
    return KeyedEncodingContainer(Keyed<Key>(encoder: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    storage.kind = .array
    return Unkeyed(encoder: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Single(encoder: self) }
}

private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: RecordEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil(forKey key: Key) { encoder.storage.add(OrderedJSON.name(key.stringValue), .null) }

  func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    encoder.storage.add(
      OrderedJSON.name(key.stringValue), try OrderedJSON.of(value, at: codingPath + [key]))
  }

  func encodeIfPresent<Value: Encodable>(_ value: Value?, forKey key: Key) throws { try add(value, key) }
  // The protocol has a default of its own for each of these, which leaves nil out.
  func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: String?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try add(value, key) }
  func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try add(value, key) }

  private func add(_ value: (some Encodable)?, _ key: Key) throws {
    if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
  }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key)
    -> KeyedEncodingContainer<Nested>
  { nested(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nested(key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { encoder.storage.nested("super", codingPath) }
  func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

  private func nested(_ key: Key) -> RecordEncoder {
    encoder.storage.nested(OrderedJSON.name(key.stringValue), codingPath + [key])
  }
}

private struct Unkeyed: UnkeyedEncodingContainer {
  let encoder: RecordEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.storage.count }

  func encodeNil() { encoder.storage.add("", .null) }

  func encode<Value: Encodable>(_ value: Value) throws {
    encoder.storage.add("", try OrderedJSON.of(value, at: codingPath))
  }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    encoder.storage.nested("", codingPath).container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    encoder.storage.nested("", codingPath).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { encoder.storage.nested("", codingPath) }
}

private struct Single: SingleValueEncodingContainer {
  let encoder: RecordEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  func encodeNil() { encoder.storage.set(.null) }

  func encode<Value: Encodable>(_ value: Value) throws {
    encoder.storage.set(try OrderedJSON.of(value, at: codingPath))
  }
}
