/// How the values of a key, value, query or attention tensor are stored.
public enum ElementType: String, Sendable, Codable, CaseIterable {
  case f16, bf16, f32

  /// Bytes of one value.
  public var byteCount: Int { self == .f32 ? 4 : 2 }
}
