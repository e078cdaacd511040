/// A row whose members are known only when it is made.
package struct OrderedRow: Encodable {
  private let members: [(name: String, value: OrderedJSON)]

  package init(_ members: [(String, OrderedJSON)]) {
    self.members = members.map { (name: $0.0, value: $0.1) }
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for member in members { try container.encode(member.value, forKey: Key(stringValue: member.name)) }
  }
}

extension OrderedJSON: Encodable {
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .boolean(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .real(let value): try container.encode(value)
    case .text(let text): try container.encode(text)
    case .array(let values): try container.encode(values)
    case .object(let members):
      try container.encode(OrderedRow(members.map { ($0.name, $0.value) }))
    }
  }
}
