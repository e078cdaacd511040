/// A value as JSON has it, the members of an object in the order in which their type declares them.
package indirect enum OrderedJSON: Sendable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case real(Double)
  case text(String)
  case array([OrderedJSON])
  case object([Member])

  package struct Member: Sendable {
    package let name: String
    package let value: OrderedJSON
  }

  /// On one line.
  package var line: String {
    switch self {
    case .array(let values): "[\(values.map(\.line).joined(separator: ","))]"
    case .object(let members):
      "{\(members.map { "\(Self.quoted($0.name)):\($0.value.line)" }.joined(separator: ","))}"
    default: scalar
    }
  }

  /// A member a line; what holds nothing but plain values in an array stays on one.
  package var pretty: String { pretty(indent: "") }

  private func pretty(indent: String) -> String {
    let inner = indent + "  "
    switch self {
    case .array(let values):
      if values.allSatisfy(\.isScalar) { return "[\(values.map(\.scalar).joined(separator: ", "))]" }
      return "[\n"
        + values.map { inner + $0.pretty(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      return "{\n"
        + members.map { "\(inner)\(Self.quoted($0.name)): \($0.value.pretty(indent: inner))" }
        .joined(separator: ",\n") + "\n\(indent)}"
    default: return scalar
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private var scalar: String {
    switch self {
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let text): Self.quoted(text)
    case .null, .array, .object: "null"
    }
  }

  /// A terminal's own characters stand as their codes, which mean the same.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return (result + "\"").escapingControls(breaks: true, asJSON: true)
  }
}
