/// What becomes of the cache under a policy.
public enum PolicyKind: String, Sendable, Codable, CaseIterable {
  /// The whole cache stays; each query reads part of it.
  case selection
  /// What is dropped is gone for all later steps.
  case eviction
  /// No deployable method: the frame around the others.
  case bound
}
