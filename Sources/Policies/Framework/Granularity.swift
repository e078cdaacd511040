/// For what a policy chooses, where that is coarser than its authors have it: as engines do.
public struct Granularity: Sendable, Hashable {
  /// Who shares a set.
  public enum Sharing: String, Sendable, CaseIterable {
    /// Nobody but whom the policy's own `scope` says.
    case own
    /// All heads of a layer, by their scores' sum.
    case layer
    /// All heads of a layer: whatever one of them chose, however many tokens that makes.
    case union
    /// All heads of a layer: the k tokens that some head ranks highest, its scores brought to mean 0 and deviation 1.
    case unionCut = "union-cut"
  }

  public let sharing: Sharing
  /// Tokens that are chosen together; 1 for what the policy itself chooses.
  public let page: Int

  public init(sharing: Sharing = .own, page: Int = 1) {
    self.sharing = sharing
    self.page = page
  }

  public var isOwn: Bool { sharing == .own && page == 1 }
}

/// The query that a step chooses by, where that is not its own.
public struct Lag: Sendable, Hashable {
  /// Steps that it is older.
  public let steps: Int
  /// The mean cosine of a KV head's queries, now and then, below which the step's own choose after all; 0 for never.
  public let cosine: Double

  public init(steps: Int, cosine: Double = 0) {
    self.steps = steps
    self.cosine = cosine
  }
}
