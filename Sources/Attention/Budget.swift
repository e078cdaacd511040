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
    // "18.9%" is exactly 0.189, which 18.9 / 100 is not.
    if text.hasSuffix("%"), let share = Double("\(text.dropLast())e-2"), share > 0, share <= 1 {
      self = .share(share)
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
    // "1" would read as one token.
    case .share(1): "100%"
    case .share(let share): "\(share)"
    }
  }
}
