import Attention

extension ElementType {
  /// By the name that safetensors gives it; nil for a type that no tensor of a trace has but under `extra.`.
  init?(safetensors name: String) {
    guard let type = Self.allCases.first(where: { $0.safetensors == name }) else { return nil }
    self = type
  }

  /// What safetensors calls it; values are little-endian.
  var safetensors: String { rawValue.uppercased() }

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
