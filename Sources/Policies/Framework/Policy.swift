/// A way to choose which tokens each query attends to.
///
/// One object lives for one layer and KV group and is asked block after block in decode order, so it
/// may keep state. It reads keys only through the block's primitives, which charge what they read.
public protocol Policy: Sendable {
  static var descriptor: PolicyDescriptor { get }

  /// - Throws: ``PolicyError`` where the group lacks what the parameters need.
  init(parameters: ParameterValues, group: GroupContext) throws

  /// The budget of each step; a policy that sizes its own sets says so here.
  func budgets(of steps: [Step], asked: Budget) -> [Int]

  /// The tokens of every query head and step of the block; nil stands for all visible ones.
  mutating func choose(_ block: QueryBlock) throws -> Selections?

  /// Bytes kept per token and KV head beyond the keys and values themselves.
  func residentExtraBytesPerToken() -> (device: Int, host: Int)

  /// Whether attending reads the chosen keys again; false where the choice has already read every key in full.
  var readsChosenKeys: Bool { get }

  /// Whether the heads of a group share one choice.
  var choosesPerGroup: Bool { get }

  /// The score pass that a decoder would run before it selects, for timing.
  func scorePass() -> ScorePass
}

extension Policy {
  public func budgets(of steps: [Step], asked: Budget) -> [Int] { asked.tokens(of: steps) }
  public func residentExtraBytesPerToken() -> (device: Int, host: Int) { (0, 0) }
  public var readsChosenKeys: Bool { true }
  public var choosesPerGroup: Bool { false }
  public func scorePass() -> ScorePass { .none }
}

/// What a decoder computes before it selects.
public enum ScorePass: Sendable, Hashable {
  /// Nothing: the choice does not depend on the query.
  case none
  /// Every channel of every key, then a top-k.
  case full
  /// Some channels of every key for each head of the group, then a top-k.
  case channels([[Int32]], layout: ChannelLayout)
}

/// A policy cannot run as asked. `message` says what was expected, what was found and what to do.
public struct PolicyError: Error, CustomStringConvertible, Equatable {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
