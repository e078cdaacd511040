/// How the query heads of a KV head read what they share.
public enum Reading: String, Sendable, CaseIterable, Codable {
  /// Each head reads its own tokens, whether others read them too.
  case perHead = "per-head"
  /// What any head of the group reads is read once for all.
  case groupUnion = "group-union"
}
