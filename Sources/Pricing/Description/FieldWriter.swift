import Yams

/// Writes the fields of one YAML mapping, in the order in which they are given; what is nil is left out.
struct FieldWriter {
  private var pairs: [(Node, Node)] = []

  mutating func text(_ name: String, _ value: String?) {
    // Quoted, so that no text is taken for a number, a list or a comment.
    guard let value else { return }
    pairs.append((Node(name), Node(value, .implicit, .doubleQuoted)))
  }

  /// A word of our own, which reads as itself.
  mutating func word(_ name: String, _ value: String) { pairs.append((Node(name), Node(value))) }

  mutating func number(_ name: String, _ value: Double?) {
    guard let value else { return }
    pairs.append((Node(name), Node(Self.text(value))))
  }

  mutating func inner(_ name: String, _ value: FieldWriter?) {
    guard let value else { return }
    pairs.append((Node(name), Node(value.pairs)))
  }

  /// Each on a line of its own.
  mutating func list(_ name: String, _ values: [FieldWriter]) {
    let items = values.map { Node($0.pairs, .implicit, .flow) }
    pairs.append((Node(name), Node(items, .implicit, .block)))
  }

  static func text(_ fields: FieldWriter) throws -> String {
    try Yams.serialize(node: Node(fields.pairs), width: -1, allowUnicode: true)
  }

  /// The shortest text that is read back as the same number; whole ones without a point.
  private static func text(_ value: Double) -> String {
    guard value.magnitude < 1e15, let whole = Int(exactly: value) else { return "\(value)" }
    return "\(whole)"
  }
}
