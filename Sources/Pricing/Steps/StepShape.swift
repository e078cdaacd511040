import Attention

/// What a stored configuration did in a decode step of one KV group, averaged over layers, KV heads and steps: all
/// that pricing needs, so that a run is priced again without being replayed.
public struct StepShape: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public let operation: DecodeOperation
    /// Bytes a step.
    public let readPerHead: Double
    public let readGroupUnion: Double
    public let written: Double

    public init(
      operation: DecodeOperation, readPerHead: Double, readGroupUnion: Double, written: Double
    ) {
      self.operation = operation
      self.readPerHead = readPerHead
      self.readGroupUnion = readGroupUnion
      self.written = written
    }
  }

  public let policyKind: PolicyKind
  /// Nil where the policy sizes its own sets: what it chose is then taken as a share.
  public let budget: Budget?
  public let prefetches: Bool
  /// Tokens a query sees, and those that a head attends to.
  public let visible: Double
  public let selected: Double
  /// Query heads of a KV head, channels of a key and of a value, bytes of a channel.
  public let groupSize: Double
  public let headDim: Double
  public let valueDim: Double
  public let elementBytes: Double
  public let entries: [Entry]
  /// Tokens that the last step sees, which resident bytes are of.
  public let visibleAtEnd: Double
  /// Of one KV group at the last step.
  public let residentDeviceBytes: Double
  public let residentHostBytes: Double

  public init(
    policyKind: PolicyKind, budget: Budget?, prefetches: Bool, visible: Double, selected: Double,
    groupSize: Double, headDim: Double, valueDim: Double, elementBytes: Double, entries: [Entry],
    visibleAtEnd: Double,
    residentDeviceBytes: Double,
    residentHostBytes: Double
  ) {
    self.policyKind = policyKind
    self.budget = budget
    self.prefetches = prefetches
    self.visible = visible
    self.selected = selected
    self.groupSize = groupSize
    self.headDim = headDim
    self.valueDim = valueDim
    self.elementBytes = elementBytes
    self.entries = entries
    self.visibleAtEnd = visibleAtEnd
    self.residentDeviceBytes = residentDeviceBytes
    self.residentHostBytes = residentHostBytes
  }

  /// Whether rows are chosen among more: those of values are gathered.
  var gathers: Bool { entries.contains { $0.operation.kernel == .gather && $0.isOfValues } }
}

extension StepShape.Entry {
  var isAttending: Bool { operation.stage == .attend && [.keys, .values].contains(operation.kind.content) }
  var isOfValues: Bool { operation.stage == .attend && operation.kind.content == .values }
  var isScores: Bool { operation.kind.content == .scores }
  var isOnHost: Bool { operation.kind.tier == .host }
}
