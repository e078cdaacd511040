import ArgumentParser
import Attention
import Experiments
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

extension Budget: ExpressibleByArgument {}

extension StudyRequest.StoredType: ExpressibleByArgument {}

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

/// `20%` or `0.2` on the command line: above 0 and at most 1.
struct Share: ExpressibleByArgument {
  let value: Double

  init?(argument: String) {
    guard case .share(let share)? = Budget(argument) else { return nil }
    value = share
  }
}

/// `0-31` on the command line.
struct StepRange: ExpressibleByArgument {
  let range: Range<Int>

  init?(argument: String) {
    guard let range = StepsText.range(argument) else { return nil }
    self.range = range
  }
}

extension NumberList {
  init(_ numbers: [Int]) { ranges = NumberRanges(numbers) }

  var defaultValueDescription: String { ranges.text(atMost: NumberRanges.shownInErrors) }

  /// Numbers that a list may hold where each is a task of its own.
  static let mostNumbers = 64

  /// Each number by itself.
  ///
  /// - Throws: ``ValidationError`` where there are more than ``mostNumbers``.
  func numbers(of option: String) throws -> [Int] {
    guard let numbers = ranges.numbers(atMost: Self.mostNumbers) else {
      throw ValidationError(
        "\(option) \(defaultValueDescription): expected at most \(Self.mostNumbers) numbers, found \(ranges.count)"
      )
    }
    return numbers
  }
}
