import Foundation
import Pricing
import Traces

/// A value of a model's file, whatever the file's format.
enum ModelValue {
  case count(Int)
  case number(Double)
  case text(String)
  case flag(Bool)
  case list([ModelValue])
  /// Such as a vocabulary, of which only the length is wanted.
  case long(Int)
  case fields([String: ModelValue])
}

extension ModelValue {
  /// As an error shows it.
  var excerpt: String {
    switch self {
    case .count(let count): "\(count)"
    case .number(let number): "\(number)"
    case .text(let text): "'\(Excerpt.of(text))'"
    case .flag(let flag): "\(flag)"
    case .list(let values): "a list of \(values.count)"
    case .long(let count): "a list of \(count)"
    case .fields: "an object"
    }
  }
}

/// Reads fields by name, each with what it may be; every error says file, field, expected and found.
struct ModelFields {
  let file: String
  /// Before each name, as errors show it: `text_config.`.
  let prefix: String
  let values: [String: ModelValue]

  init(file: String, prefix: String = "", _ values: [String: ModelValue]) {
    self.file = file
    self.prefix = prefix
    self.values = values
  }

  /// Counts of layers, heads, channels, experts and tokens that no model exceeds.
  enum Limit {
    static let layers = 1...4096
    static let heads = 1...4096
    static let channels = 1...8192
    static let width = 1...(1 << 24)
    static let vocabulary = 1...(1 << 26)
    static let experts = 1...65_536
    static let window = 1...Int(Int32.max)
  }

  /// The first of several names that the file has.
  private func first(_ names: [String]) -> (String, ModelValue)? {
    for name in names { if let value = values[name] { return (name, value) } }
    return nil
  }

  func error(_ name: String, expected: String, found: String, advice: String? = nil) -> PricingError {
    PricingError("\(file): \(prefix)\(name)", expected: expected, found: found, advice: advice)
  }

  /// A whole number, or one that a list has for every layer; nil where no name is there.
  ///
  /// - Throws: `PricingError` where it is something else, or out of `range`.
  func count(_ names: String..., in range: ClosedRange<Int>) throws -> Int? {
    try count(names, in: range)
  }

  /// The same, of what must be there.
  func needed(_ names: String..., in range: ClosedRange<Int>) throws -> Int {
    if let count = try count(names, in: range) { return count }
    throw error(names[0], expected: Self.text(range), found: "no such field")
  }

  private func count(_ names: [String], in range: ClosedRange<Int>) throws -> Int? {
    guard let (name, value) = first(names) else { return nil }
    if case .list(let values) = value { return try common(values, name, range) }
    return try whole(value, name, range)
  }

  private func whole(_ value: ModelValue, _ name: String, _ range: ClosedRange<Int>) throws -> Int {
    let count: Int? =
      switch value {
      case .count(let count): count
      case .number(let number): Int(exactly: number)
      default: nil
      }
    guard let count, range.contains(count) else {
      throw error(name, expected: Self.text(range), found: value.excerpt)
    }
    return count
  }

  private func common(_ values: [ModelValue], _ name: String, _ range: ClosedRange<Int>) throws -> Int {
    guard let first = values.first else {
      throw error(name, expected: Self.text(range), found: "an empty list")
    }
    for value in values {
      guard case .count(let count) = value, case .count(let other) = first, count == other else {
        throw error(
          name, expected: "the same in every layer", found: "\(first.excerpt) and \(value.excerpt)",
          advice: "models whose layers differ so are not priced")
      }
    }
    return try whole(first, name, range)
  }

  /// A number above 0; nil where no name is there.
  func number(_ names: String...) throws -> Double? {
    guard let (name, value) = first(names) else { return nil }
    let number: Double? =
      switch value {
      case .count(let count): Double(count)
      case .number(let number): number
      default: nil
      }
    guard let number, number > 0, number.isFinite else {
      throw error(name, expected: "a number above 0", found: value.excerpt)
    }
    return number
  }

  func flag(_ name: String) throws -> Bool? {
    guard let value = values[name] else { return nil }
    guard case .flag(let flag) = value else {
      throw error(name, expected: "true or false", found: value.excerpt)
    }
    return flag
  }

  func text(_ name: String) -> String? { if case .text(let text)? = values[name] { text } else { nil } }

  func list(_ name: String) throws -> [ModelValue]? {
    guard let value = values[name] else { return nil }
    guard case .list(let list) = value else {
      throw error(name, expected: "a list", found: value.excerpt)
    }
    return list
  }

  /// The fields of an object among the values; nil where there is none of the name.
  func inner(_ name: String) throws -> ModelFields? {
    guard let value = values[name] else { return nil }
    guard case .fields(let inner) = value else {
      throw error(name, expected: "an object", found: value.excerpt)
    }
    return ModelFields(file: file, prefix: "\(prefix)\(name).", inner)
  }

  private static func text(_ range: ClosedRange<Int>) -> String {
    "a whole number from \(range.lowerBound) to \(range.upperBound)"
  }
}
