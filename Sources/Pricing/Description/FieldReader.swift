import Yams

/// Reads the fields of one YAML mapping, each with its check; what is left over is an error.
final class FieldReader {
  private let file: String
  /// `memory.` for a field inside `memory`.
  private let path: String
  private let fields: [(key: String, value: Node)]
  private var read: Set<String> = []

  init(_ node: Node, file: String, path: String = "") throws {
    self.file = file
    self.path = path
    guard let mapping = node.mapping else {
      throw PricingError(
        Self.place(file, node, path.isEmpty ? "the file" : String(path.dropLast())),
        expected: "a mapping of fields", found: Self.text(node))
    }
    fields = try mapping.map { key, value in
      guard let name = key.string else {
        throw PricingError(
          Self.place(file, key, "a field's name"), expected: "a word", found: Self.text(key))
      }
      return (name, value)
    }
  }

  /// A positive number in `unit`.
  func number(_ name: String, unit: String, range: ClosedRange<Double> = 1e-3...1e21)
    throws -> Double
  {
    guard let value = try optionalNumber(name, unit: unit, range: range) else { throw missing(name, unit) }
    return value
  }

  func optionalNumber(
    _ name: String, unit: String, range: ClosedRange<Double> = 1e-3...1e21
  ) throws -> Double? {
    guard let node = node(name) else { return nil }
    let number = node.scalar.flatMap { Double($0.string.replacing("_", with: "")) }
    guard let number, range.contains(number) else {
      let limits =
        range.upperBound >= 1e21
        ? ((number ?? 0) > 1 ? "at most 1e21" : "above 0") : "from \(range.lowerBound) to \(range.upperBound)"
      throw PricingError(
        Self.place(file, node, path + name), expected: "a number of \(unit), \(limits)",
        found: Self.text(node))
    }
    return number
  }

  func word(_ name: String) throws -> String {
    guard let text = try optionalWord(name) else { throw missing(name, "a word or sentence") }
    return text
  }

  func optionalWord(_ name: String) throws -> String? {
    guard let node = node(name) else { return nil }
    guard let text = node.string, !text.isEmpty else {
      throw PricingError(Self.place(file, node, path + name), expected: "text", found: Self.text(node))
    }
    return text
  }

  func choice<Value: RawRepresentable & CaseIterable>(_ name: String, _ type: Value.Type) throws -> Value
  where Value.RawValue == String {
    guard let value = try optionalChoice(name, type) else {
      throw missing(name, Value.allCases.map(\.rawValue).joined(separator: " or "))
    }
    return value
  }

  func optionalChoice<Value: RawRepresentable & CaseIterable>(_ name: String, _ type: Value.Type) throws
    -> Value?
  where Value.RawValue == String {
    guard let text = try optionalWord(name) else { return nil }
    guard let value = Value(rawValue: text) else {
      throw PricingError(
        "\(file): \(path)\(name)", expected: Value.allCases.map(\.rawValue).joined(separator: " or "),
        found: text)
    }
    return value
  }

  func flag(_ name: String) throws -> Bool {
    guard let value = try optionalFlag(name) else { throw missing(name, "true or false") }
    return value
  }

  func optionalFlag(_ name: String) throws -> Bool? {
    guard let node = node(name) else { return nil }
    guard let value = node.bool else {
      throw PricingError(
        Self.place(file, node, path + name), expected: "true or false", found: Self.text(node))
    }
    return value
  }

  func inner(_ name: String) throws -> FieldReader {
    guard let reader = try optionalInner(name) else { throw missing(name, "a mapping of fields") }
    return reader
  }

  func optionalInner(_ name: String) throws -> FieldReader? {
    try node(name).map { try FieldReader($0, file: file, path: path + name + ".") }
  }

  func list(_ name: String) throws -> [FieldReader] {
    guard let items = try optionalList(name) else { throw missing(name, "a list") }
    return items
  }

  func optionalList(_ name: String) throws -> [FieldReader]? {
    guard let node = node(name) else { return nil }
    guard let items = node.sequence, items.count > 0 else {
      throw PricingError(Self.place(file, node, path + name), expected: "a list", found: Self.text(node))
    }
    return try items.enumerated().map { try FieldReader($1, file: file, path: "\(path)\(name)[\($0)].") }
  }

  /// Throws where a field was not asked for: a misspelt one must not be passed over.
  func finish() throws {
    for (key, value) in fields where !read.contains(key) {
      throw PricingError(
        Self.place(file, value, path + key),
        expected: "one of the fields \(read.sorted().joined(separator: ", "))",
        found: "a field of another name", advice: "see docs/hardware.md, or take it out")
    }
  }

  private func node(_ name: String) -> Node? {
    read.insert(name)
    return fields.first { $0.key == name && $0.value.tag != .init(.null) }?.value
  }

  private func missing(_ name: String, _ what: String) -> PricingError {
    PricingError("\(file): \(path)\(name)", expected: what, found: "no such field", advice: "add it")
  }

  private static func place(_ file: String, _ node: Node, _ name: String) -> String {
    "\(file)\(node.mark.map { ":\($0.line)" } ?? ""): \(name)"
  }

  private static func text(_ node: Node) -> String {
    node.scalar.map { "'\($0.string)'" } ?? (node.sequence == nil ? "a mapping" : "a list")
  }
}
