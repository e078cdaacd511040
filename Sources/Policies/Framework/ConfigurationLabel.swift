import Attention

/// A policy at a budget as people read and type it: `fasa:chunks=8 @ 256`. This is the one writer and the one reader.
public struct ConfigurationLabel: Hashable, Sendable {
  /// The policy's own label, as ``PolicyConfiguration/label`` writes it.
  public let policy: String
  /// As `Budget` describes itself; nil for a policy that sizes its own sets, and where none is named.
  public let budget: String?

  /// What stands between the two.
  public static let separator = " @ "

  public init(policy: String, budget: String?) {
    self.policy = policy
    self.budget = budget
  }

  public var text: String { budget.map { policy + Self.separator + $0 } ?? policy }

  /// Reads what was written or typed, with spaces round the @ or without.
  ///
  /// What follows the last @ is a budget where it can be one: a policy that sizes its own sets has none, and a file's name
  /// may hold an @ of its own.
  public init(_ text: String) {
    let whole = text[...].trimmed
    let name = whole.prefix { $0 != ":" && $0 != "@" && $0 != " " }
    let usesBudget = PolicyRegistry.policy(named: String(name))?.descriptor.usesBudget != false
    guard usesBudget, let at = whole.lastIndex(of: "@"),
      let budget = Budget(whole[whole.index(after: at)...].trimmed)
    else {
      self.init(policy: whole, budget: nil)
      return
    }
    self.init(policy: whole[..<at].trimmed, budget: budget.description)
  }
}

extension Substring {
  /// Without spaces at either end.
  package var trimmed: String {
    var result = drop { $0 == " " }
    while result.last == " " { result.removeLast() }
    return String(result)
  }
}
