import ArgumentParser
import Policies
import Simulator

/// `256,0.19` on the command line.
struct BudgetList: ExpressibleByArgument {
  let budgets: [Budget]

  init(_ budgets: [Budget]) { self.budgets = budgets }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Budget(String($0)) }
    guard !parts.contains(nil) else { return nil }
    budgets = parts.compactMap(\.self)
  }

  var defaultValueDescription: String { budgets.map(\.description).joined(separator: ",") }
}

/// `0.2,30%` on the command line: shares above 0 and at most 1.
struct ShareList: ExpressibleByArgument {
  let shares: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { part -> Double? in
      guard case .share(let share)? = Budget(String(part)) else { return nil }
      return share
    }
    guard !parts.contains(nil) else { return nil }
    shares = parts.compactMap(\.self)
  }
}

/// `0-31` on the command line.
struct StepRange: ExpressibleByArgument {
  let range: Range<Int>

  init?(argument: String) {
    guard let numbers = NumberRanges.parse(argument), let first = numbers.first, let last = numbers.last,
      last - first + 1 == numbers.count
    else { return nil }
    range = first..<last + 1
  }
}

extension NumberList {
  init(_ numbers: [Int]) { self.numbers = numbers }

  var defaultValueDescription: String { NumberRanges.text(numbers) }
}
