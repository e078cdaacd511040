import CKernels

/// How a key, value or query element is stored.
public enum Element: String, Sendable, Codable, CaseIterable {
  case f16, bf16, f32

  public var byteCount: Int { self == .f32 ? 4 : 2 }

  var code: fs_element {
    switch self {
    case .f16: FS_F16
    case .bf16: FS_BF16
    case .f32: FS_F32
    }
  }
}
