import Attention
import Policies
import Traces

/// The policies of a command, and which of them were named: those that came with `all` may be left out of a trace that cannot
/// serve them.
public struct PolicyChoice: Sendable {
  /// Each once, in the order in which they came.
  public private(set) var configurations: [PolicyConfiguration] = []
  /// Whether `all` was among them.
  public private(set) var asksForEverything = false
  /// How many were asked for again.
  public private(set) var repeated = 0
  private var known: Set<PolicyConfiguration> = []
  private var named: Set<PolicyConfiguration> = []

  /// Policies that are named, and so must run.
  public init(_ configurations: [PolicyConfiguration] = []) { add(configurations) }

  /// Policies as a command line writes them; `all` is every one that needs nothing beside a trace.
  ///
  /// - Throws: `PolicyError` where one cannot be read, or is given twice.
  public init(parsing texts: [String]) throws(PolicyError) { try add(parsing: texts) }

  public func isNamed(_ policy: PolicyConfiguration) -> Bool { named.contains(policy) }

  /// Adds named policies that are not there yet.
  public mutating func add(_ more: [PolicyConfiguration]) {
    append(more)
    named.formUnion(more)
  }

  /// Adds policies as a command line writes them, those that are not there yet.
  public mutating func add(parsing texts: [String]) throws(PolicyError) {
    append(try PolicyGrammar.parse(texts))
    if PolicyGrammar.asksForEverything(texts) { asksForEverything = true }
    named.formUnion(try PolicyGrammar.parse(texts.compactMap(Self.withoutEverything)))
  }

  /// Every policy once for each way to store its cache, unless it says one itself.
  ///
  /// - Parameter formats: nil for as the trace holds keys and values.
  public func stored(as formats: [CacheFormat?]) -> PolicyChoice {
    replacing { $0.cacheFormat == nil ? formats.map($0.stored) : [$0] }
  }

  /// Every policy once for each buffer before a cache on the host, unless it says one itself; evictors, which leave nothing to
  /// fetch, as they are.
  public func buffered(by buffers: [HotBuffer]) -> PolicyChoice {
    replacing { $0.hotBuffer == nil ? buffers.map($0.buffered) : [$0] }
  }

  /// Every policy once for each engine, as coarse as that has it, where the policy can be.
  ///
  /// - Parameter engines: nil for as its authors have it.
  public func served(by engines: [ServingEngine?]) -> PolicyChoice {
    replacing { policy in engines.map { $0.map(policy.served) ?? policy } }
  }

  /// Every policy under its one label, so that one behaviour is replayed and stored once.
  func canonical(in trace: TraceMetadata) -> PolicyChoice {
    replacing { [$0.canonical(trace.size(of:))] }
  }

  /// Each policy by others, which are named where it is.
  private func replacing(_ others: (PolicyConfiguration) -> [PolicyConfiguration]) -> PolicyChoice {
    var result = PolicyChoice()
    (result.asksForEverything, result.repeated) = (asksForEverything, repeated)
    for policy in configurations {
      var copies: [PolicyConfiguration] = []
      for copy in others(policy) where !copies.contains(copy) { copies.append(copy) }
      result.append(copies)
      if named.contains(policy) { result.named.formUnion(copies) }
    }
    return result
  }

  /// The policies for which it holds.
  func filter(_ isKept: (PolicyConfiguration) -> Bool) -> PolicyChoice {
    var result = self
    result.configurations.removeAll { !isKept($0) }
    return result
  }

  private mutating func append(_ more: [PolicyConfiguration]) {
    for policy in more {
      if known.insert(policy).inserted { configurations.append(policy) } else { repeated += 1 }
    }
  }

  /// Nil where nothing else is left. `all` has no parameters, so that no other part belongs to it.
  private static func withoutEverything(_ text: String) -> String? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).filter {
      $0 != PolicyGrammar.everything
    }
    return parts.isEmpty ? nil : parts.joined(separator: ",")
  }
}
