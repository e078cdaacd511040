import Attention
import Policies

/// How much of the cache policies that keep to a budget may choose.
public enum BudgetChoice: Sendable {
  /// Counts of tokens, or shares of those that a query sees.
  case tokens([Budget])
  /// What shares of dense attention's bytes buy each policy, what it reads to choose included, where the query heads of a
  /// KV head read so.
  case bytes(shares: [Double], reading: Reading)

  /// The budgets that every policy is asked to keep to, where they are known before anything is read.
  var known: [Budget] {
    switch self {
    case .tokens(let budgets): budgets
    case .bytes: []
    }
  }
}
