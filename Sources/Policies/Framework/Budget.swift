/// How many tokens a step may attend to.
///
/// `256` is a count of tokens; `0.19` or `19%` is a share of the tokens the query may see, taken anew
/// at every step as FASA's released code does.
public enum Budget: Hashable, Sendable {
  case tokens(Int)
  case share(Double)

  /// The budget k of a step that sees `visible` tokens: at least 1, at most `visible`.
  public func tokens(visible: Int) -> Int {
    let asked: Int =
      switch self {
      case .tokens(let count): count
      case .share(let share): Int((Double(visible) * share).rounded(.down))
      }
    return max(1, min(asked, visible))
  }
}

extension Budget: LosslessStringConvertible {
  /// Reads `256`, `0.19` or `19%`; nil for anything else.
  public init?(_ text: String) {
    if text.hasSuffix("%"), let percent = Double(text.dropLast()), percent > 0, percent <= 100 {
      self = .share(percent / 100)
    } else if let count = Int(text), count >= 1 {
      self = .tokens(count)
    } else if let share = Double(text), share > 0, share < 1 {
      self = .share(share)
    } else {
      return nil
    }
  }

  public var description: String {
    switch self {
    case .tokens(let count): "\(count)"
    case .share(let share): "\(share)"
    }
  }
}

extension Budget {
  /// The tokens this budget gives at each step: the rule every policy but the bounds follows.
  public func tokens(of steps: [Step]) -> [Int] { steps.map { tokens(visible: $0.visible.count) } }
}
