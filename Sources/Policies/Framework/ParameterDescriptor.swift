import Attention

/// A value of a policy's parameter.
public enum ParameterValue: Hashable, Sendable, CustomStringConvertible {
  case integer(Int)
  case number(Double)
  case word(String)
  /// A count, or a share of some whole.
  case amount(Budget)

  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .word(let value): value
    case .amount(let value): value.description
    }
  }
}

/// One parameter of a policy: its type, range, default and help.
public struct ParameterDescriptor: Sendable {
  public enum Kind: Sendable, Equatable {
    case integer(ClosedRange<Int>)
    /// A whole number, or one word that stands for what it is made from.
    case integerOr(ClosedRange<Int>, String)
    case number(ClosedRange<Double>)
    case choice([String])
    case amount
    /// Numbers of layers, ascending, joined by plus signs, or none.
    case layers
    /// A path. Commas part policies and parameters.
    case file

    /// The words that it takes; none where it takes no words.
    package var words: [String] {
      switch self {
      case .integerOr(_, let word): [word]
      case .choice(let words): words
      case .layers: ["none"]
      case .integer, .number, .amount, .file: []
      }
    }

    /// As help shows it.
    public var range: String {
      switch self {
      case .integer(let range): "\(range.lowerBound)…\(range.upperBound)"
      case .integerOr(let range, let word): "\(range.lowerBound)…\(range.upperBound), or \(word)"
      case .number(let range): "\(range.lowerBound)…\(range.upperBound)"
      case .choice(let words): words.joined(separator: "|")
      case .amount: "a count, or a share such as 0.25 or 25%"
      case .layers: "layers such as 0+2+8, or none"
      case .file: "a path without commas"
      }
    }
  }

  /// What the framework must know of a parameter's meaning, so that nothing hangs on its name.
  public enum Role: Sendable {
    /// The policy that this one wraps, by its name.
    case wrappedPolicy
    /// A file that is read beside trace and profile.
    case inputFile
    /// How many of the prompt's last queries are asked for.
    case promptQueries
  }

  /// What an amount is of, where a model alone decides that.
  public enum Whole: Sendable {
    /// Rotation pairs of a key's channels.
    case chunks
    /// Channels of a key.
    case channels
    /// Of the model.
    case layers

    /// How many there are of it in a model.
    package func size(rotaryDim: Int, headDim: Int, layers: Int) -> Int {
      switch self {
      case .chunks: rotaryDim / 2
      case .channels: headDim
      case .layers: layers
      }
    }
  }

  public let name: String
  public let kind: Kind
  /// Nil for an amount of what a step sees, and for what is no amount.
  public let whole: Whole?
  public let role: Role?
  public let defaultValue: ParameterValue
  public let help: String

  public init(
    _ name: String, _ kind: Kind, of whole: Whole? = nil, role: Role? = nil,
    default defaultValue: ParameterValue, help: String
  ) {
    self.name = name
    self.kind = kind
    self.whole = whole
    self.role = role
    self.defaultValue = defaultValue
    self.help = help
  }

  /// Reads a value, or nil where it is of another type or out of range.
  public func parse(_ text: String) -> ParameterValue? {
    switch kind {
    case .integer(let range): Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
    case .integerOr(let range, let word):
      text == word ? .word(word) : Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
    case .number(let range): Double(text).flatMap { range.contains($0) ? .number($0) : nil }
    case .choice(let words): words.contains(text) ? .word(text) : nil
    case .amount: Budget(text).map { .amount($0) }
    case .layers: text == "none" || Self.layers(text) != nil ? .word(text) : nil
    case .file: text.isEmpty || text.contains(",") ? nil : .word(text)
    }
  }

  /// Ascending numbers joined by plus signs; nil where they are not.
  static func layers(_ text: String) -> [Int]? {
    let numbers = text.split(separator: "+", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
    let isAscending = zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
    // Only one way to write a number, since a text is what results are known by.
    let isPlain = numbers.map(String.init).joined(separator: "+") == text
    return isAscending && isPlain && numbers.allSatisfy((0...1023).contains) ? numbers : nil
  }

  /// The same parameter with another default.
  public func defaulting(to value: ParameterValue, help: String? = nil) -> ParameterDescriptor {
    ParameterDescriptor(name, kind, of: whole, role: role, default: value, help: help ?? self.help)
  }
}

/// Values for all parameters of a policy, defaults filled in.
public struct ParameterValues: Hashable, Sendable {
  private var values: [String: ParameterValue]

  public init(defaultsOf descriptor: PolicyDescriptor) {
    values = Dictionary(descriptor.parameters.map { ($0.name, $0.defaultValue) }) { first, _ in first }
  }

  public subscript(name: String) -> ParameterValue? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// The value of a declared parameter; nil where the policy has none of its name.
  public subscript(parameter: ParameterDescriptor) -> ParameterValue? {
    get { values[parameter.name] }
    set { values[parameter.name] = newValue }
  }

  public func integer(_ parameter: ParameterDescriptor) -> Int {
    if case .integer(let value)? = self[parameter] { value } else { 0 }
  }
  public func number(_ parameter: ParameterDescriptor) -> Double {
    if case .number(let value)? = self[parameter] { value } else { 0 }
  }
  public func word(_ parameter: ParameterDescriptor) -> String {
    if case .word(let value)? = self[parameter] { value } else { "" }
  }

  /// An amount of `whole`: a count, or a share of it rounded down; at least 1, at most `whole`.
  public func amount(_ parameter: ParameterDescriptor, of whole: Int) -> Int {
    if case .amount(let value)? = self[parameter] { value.tokens(visible: whole) } else { whole }
  }

  public var guarded: Guard { Guard(sinks: integer(.sinks), recent: integer(.recent)) }
}
