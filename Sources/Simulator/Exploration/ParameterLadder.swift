import Foundation
import Policies

/// The few values of a parameter that are worth trying: its default, and steps of two and four about it.
struct ParameterLadder {
  /// Tokens that a step sees, at most.
  let tokens: Int
  /// Whether the trace holds all layers, so that dense ones are seen to cost something.
  let holdsAllLayers: Bool

  /// Ascending values, or words in their order, the default among them; only the default of what is not searched.
  func values(_ parameter: ParameterDescriptor) -> [ParameterValue] {
    if parameter.name == ParameterDescriptor.denseLayers.name, !holdsAllLayers {
      return [parameter.defaultValue]
    }
    switch (parameter.kind, parameter.defaultValue) {
    case (.integer(let range), .integer(let value)), (.integerOr(let range, _), .integer(let value)):
      let few = parameter.name == ParameterDescriptor.denseLayers.name
      let steps =
        value == 0
        ? (few ? [0, 1, 2, 4] : [0, 4, 16, 64]) : [value / 4, value / 2, value, value * 2, value * 4]
      let most = max(value, tokens / 4)
      return ascending(steps.filter { range.contains($0) && $0 <= most }).map { .integer($0) }
    case (.number(let range), .number(let value)):
      return ascending(numbers(about: value, in: range)).map { .number($0) }
    case (.amount, .amount(.tokens(let count))):
      return ascending([count / 4, count / 2, count, count * 2, count * 4].filter { $0 > 0 && $0 <= tokens })
        .map { .amount(.tokens($0)) }
    case (.amount, .amount(.share(let share))):
      return ascending(numbers(about: share, in: 0.001...1)).map { .amount(.share($0)) }
    case (.choice(let words), _):
      // What wraps a bound is no method either.
      return words.filter { PolicyRegistry.policy(named: $0)?.descriptor.kind != .bound }.map { .word($0) }
    default: return [parameter.defaultValue]
    }
  }

  private func numbers(about value: Double, in range: ClosedRange<Double>) -> [Double] {
    let factors = [0.25, 0.5, 1, 2, 4]
    let steps: [Double]
    if value == 0 {
      steps = [0] + [1 / 64, 1 / 16, 1 / 4].map { $0 * range.upperBound }
    } else if value > 0.5, value < 1, range.upperBound == 1 {
      // Shares near the whole differ by what they leave out.
      steps = factors.map { 1 - (1 - value) * $0 }
    } else {
      steps = factors.map { value * $0 }
    }
    return steps.filter { range.contains($0) }.map { $0 == value ? $0 : Self.rounded($0) }
  }

  private func ascending<Value: Comparable & Hashable>(_ values: [Value]) -> [Value] { Set(values).sorted() }

  /// To three digits, as a person would write it.
  static func rounded(_ value: Double) -> Double {
    Double(String(format: "%.3g", value)) ?? value
  }
}
