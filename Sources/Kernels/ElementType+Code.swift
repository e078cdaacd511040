import Attention
import CKernels

extension ElementType {
  /// As the kernels in C know it.
  var code: fs_element {
    switch self {
    case .f16: FS_F16
    case .bf16: FS_BF16
    case .f32: FS_F32
    }
  }
}
