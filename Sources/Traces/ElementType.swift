/// How the values of a key, value, query or attention tensor are stored, little-endian.
///
/// The raw value is the name that safetensors gives the type.
public enum ElementType: String, Sendable, Codable, CaseIterable {
  case f16 = "F16"
  case bf16 = "BF16"
  case f32 = "F32"

  /// Bytes of one value.
  public var byteCount: Int { self == .f32 ? 4 : 2 }

  /// Bytes of one value of any type that safetensors names, or nil for a type this reader does not know.
  static func byteCount(ofSafetensorsType name: String) -> Int? {
    switch name {
    case "BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0": 1
    case "U16", "I16", "F16", "BF16": 2
    case "U32", "I32", "F32": 4
    case "U64", "I64", "F64", "C64": 8
    default: nil
    }
  }
}
