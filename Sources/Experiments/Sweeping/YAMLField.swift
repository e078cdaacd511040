import Pricing
import Simulator
import Yams

/// A value in a YAML file, which knows where it stands.
struct YAMLField {
  let file: String
  /// Such as `policies` or `fasa.chunks`.
  let name: String
  let node: Node

  /// The document's top.
  static func document(_ text: String, file: String) throws -> YAMLField {
    do {
      guard let node = try PlainYAML.compose(text, file: file) else {
        throw ReplayError(
          file, expected: "a sweep", found: "an empty file",
          advice: "name traces, policies and budgets in it")
      }
      return YAMLField(file: file, name: "", node: node)
    } catch let error as YamlError {
      throw ReplayError(
        "\(file)\(error.place)", expected: "YAML", found: error.found, advice: "correct it there")
    }
  }

  func error(expected: String, found: String? = nil, advice: String? = nil) -> ReplayError {
    ReplayError(
      name.isEmpty ? place : "\(place): \(name)", expected: expected, found: found ?? self.found,
      advice: advice)
  }

  /// The file and the line.
  var place: String { file + (node.mark.map { ":\($0.line)" } ?? "") }

  private var found: String {
    switch node {
    case .scalar(let scalar): isNothing ? "nothing" : "'\(scalar.string)'"
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .alias: "an alias"
    }
  }

  private var isNothing: Bool {
    guard let scalar = node.scalar else { return false }
    return scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
  }

  /// The value as text.
  func text(_ expected: String) throws -> String {
    guard let scalar = node.scalar, !isNothing else { throw error(expected: expected) }
    return scalar.string
  }

  /// A value that `read` makes of the text.
  func value<Value>(_ expected: String, _ read: (String) -> Value?) throws -> Value {
    guard let value = read(try text(expected)) else { throw error(expected: expected) }
    return value
  }

  /// The list's members; a lone value is a list of one.
  func members(_ expected: String) throws -> [YAMLField] {
    guard let sequence = node.sequence else {
      if isNothing { throw error(expected: expected) }
      return [self]
    }
    guard !sequence.isEmpty else { throw error(expected: expected, found: "an empty list") }
    return sequence.map { YAMLField(file: file, name: name, node: $0) }
  }

  /// The mapping's fields by key, in the file's order.
  func fields(_ expected: String) throws -> [(key: YAMLField, value: YAMLField)] {
    guard let mapping = node.mapping else { throw error(expected: expected) }
    return try mapping.map { key, value in
      let inner = YAMLField(file: file, name: name, node: key)
      let text = try inner.text("a name")
      return (inner, YAMLField(file: file, name: name.isEmpty ? text : "\(name).\(text)", node: value))
    }
  }
}

extension YamlError {
  /// `:12`, or nothing.
  fileprivate var place: String {
    switch self {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
      ":\(mark.line)"
    case .duplicatedKeysInMapping(_, let context): ":\(context.mark.line)"
    default: ""
    }
  }

  /// The parser's words, without those that the error has of its own.
  fileprivate var found: String {
    for (start, said) in [
      ("found ", ""), ("did not find expected ", "no "), ("could not find expected ", "no "),
    ] where reason.hasPrefix(start) {
      return said + reason.dropFirst(start.count)
    }
    return reason
  }

  private var reason: String {
    switch self {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _),
      .reader(let problem, _, _, _):
      problem
    case .duplicatedKeysInMapping(let keys, _): "\(keys.joined(separator: ", ")) twice in one mapping"
    default: "\(self)"
    }
  }
}
