import Attention

/// Tokens that another framework chose, scored like a policy's.
///
/// The file is read and checked before a replay begins; the replay hands each group its choices.
public struct External: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "external", summary: "Attends to the tokens that a file names for each layer, query head and step.",
    kind: .selection,
    parameters: [file], common: [.denseLayers], needs: [.file], usesBudget: false,
    cost: "not known",
    notes: """
      Sizes its own sets. What was read to choose is not known and not charged: bytes are those of the chosen rows. The file must name a set for every layer, \
      query head and step that is scored.
      """)

  static let file = ParameterDescriptor(
    "file", .file, role: .inputFile, default: .word("choices.jsonl"),
    help: "JSON lines or safetensors; see docs/external.md")

  private let choices: ExternalChoices
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) throws {
    let path = parameters.word(Self.file)
    guard let choices = group.external[path] else {
      throw PolicyError(
        "external: \(path)", expected: "a file of choices that was read", found: "none",
        advice: "give one as external:file=PATH")
    }
    self.choices = choices
    self.group = group
  }

  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  public func choose(_ block: QueryBlock) throws -> Selections? {
    var result = Selections()
    for head in group.queryHeads {
      for step in block.steps {
        let place = ExternalChoices.Place(layer: group.layer, queryHead: head, position: step.position)
        guard let tokens = choices.sets[place] else {
          throw PolicyError(
            "\(choices.path): \(place)",
            expected: "a set for every layer, query head and step that is scored", found: "none",
            advice: "name its tokens too, or score less")
        }
        result.appendRow(tokens)
      }
    }
    return result
  }
}

/// The sets of a file.
public struct ExternalChoices: Sendable, Equatable {
  public struct Place: Hashable, Sendable, CustomStringConvertible {
    public let layer: Int
    public let queryHead: Int
    /// Token position of the query.
    public let position: Int

    public init(layer: Int, queryHead: Int, position: Int) {
      self.layer = layer
      self.queryHead = queryHead
      self.position = position
    }

    public var description: String { "layer \(layer), query head \(queryHead), position \(position)" }
  }

  public let path: String
  /// SHA-256 of the file, lower-case hexadecimal.
  public let digest: String
  /// Ascending and distinct, never empty.
  public private(set) var sets: [Place: [Int32]] = [:]

  /// Whether the file names the trace, and it is this one; else layers, heads and positions alone were compared.
  public var namesTrace = false

  public init(path: String, digest: String) {
    self.path = path
    self.digest = digest
  }

  /// Adds a set, in any order of its tokens.
  ///
  /// - Parameter visible: what the query of the place sees, or nil where the trace has no such query.
  /// - Throws: ``PolicyError`` for a place given twice or not in the trace, and for tokens that are none, repeated or not seen.
  public mutating func add(_ tokens: [Int], at place: Place, visible: Range<Int>?) throws {
    guard let visible else {
      throw PolicyError(
        "\(path): \(place)", expected: "a layer, query head and decode position of the trace",
        found: "one that it lacks", advice: "give the file of this trace")
    }
    let sorted = tokens.sorted()
    if let wrong = sorted.first(where: { !visible.contains($0) }) {
      throw PolicyError(
        "\(path): \(place)",
        expected: "tokens \(visible.lowerBound) to \(visible.upperBound - 1), which the query sees",
        found: "token \(wrong)", advice: "choose among those")
    }
    if let twice = zip(sorted, sorted.dropFirst()).first(where: { $0 == $1 }) {
      throw PolicyError(
        "\(path): \(place)", expected: "distinct tokens", found: "token \(twice.0) twice",
        advice: "leave one out")
    }
    guard !sorted.isEmpty else {
      throw PolicyError(
        "\(path): \(place)", expected: "one token at least", found: "none",
        advice: "name those that it attends to")
    }
    guard sets.updateValue(sorted.map(Int32.init), forKey: place) == nil else {
      throw PolicyError(
        "\(path): \(place)", expected: "each set once", found: "it again", advice: "leave one out")
    }
  }
}
