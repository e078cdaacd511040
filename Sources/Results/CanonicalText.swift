import Attention
import Foundation
import Policies
import Simulator

/// Texts of which equal values give the same bytes on every machine, so that they can be compared and hashed.
enum CanonicalText {
  /// `0-2,7`, which the command line reads too.
  static func ranges(_ numbers: some Sequence<Int>) -> String { NumberRanges.text(Set(numbers).sorted()) }

  /// Every parameter of a policy as a JSON object, keys sorted, numbers as numbers; of those of the frame around a policy
  /// only what was asked for, so that a result of before there were such is still known.
  ///
  /// An amount is a string, since 1 (a token) and 1.0 (all of them) would be the same JSON number.
  static func parameters(_ policy: PolicyConfiguration) throws -> String {
    let frame = Set(policy.descriptor.frame.map(\.name))
    let told = policy.descriptor.parameters.filter {
      !frame.contains($0.name) || policy.values[$0.name] != $0.defaultValue
    }
    let members = try told.map(\.name).sorted().map { name in
      let value: String =
        switch policy.values[name] {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .word(let word): try json(word)
        case .amount(let amount): try json(amount.description)
        case nil: "null"
        }
      return "\(try json(name)):\(value)"
    }
    return "{\(members.joined(separator: ","))}"
  }

  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// A JSON array of texts.
  static func strings(_ json: String) throws -> [String] {
    try JSONDecoder().decode([String].self, from: Data(json.utf8))
  }
}
