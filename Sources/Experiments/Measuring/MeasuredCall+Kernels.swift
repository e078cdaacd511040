import Machine
import Pricing

/// The decode kernels that a machine's description is fitted to, and what each asks of the machine.
enum FittedKernels {
  static let dense: Set<String> = ["dense score", "dense score, one head", "dense attend"]
  static let gathers: Set<String> = [
    "gather and attend, k = 256", "gather and attend, k = 1024", "gather and attend, k = 19 %",
  ]
  static let partial: Set<String> = ["partial score, packed"]
  static let selects: Set<String> = ["top-k, k = 256", "top-k, k = 19 %"]
  static let all = dense.union(gathers).union(partial).union(selects)
}

extension MeasuredCall {
  /// Nil for a kernel that nothing is fitted to.
  init?(_ result: KernelResult) {
    var load = StepLoad()
    let (bytes, operations) = (Double(result.bytes), Double(result.operations))
    switch result.kernel {
    case let name where FittedKernels.dense.contains(name):
      load.attend = [Access(bytes: bytes)]
      load.attendOperations = operations
    case let name where FittedKernels.partial.contains(name):
      load.chooses = true
      load.score = [Access(bytes: bytes)]
      load.scoreOperations = operations
    case let name where FittedKernels.gathers.contains(name):
      load.chooses = true
      load.attend = [Access(bytes: bytes, pieceBytes: Double(result.headDim * 2))]
      load.attendOperations = operations
    case let name where FittedKernels.selects.contains(name):
      load.chooses = true
      load.candidates = Double(result.tokens)
    default: return nil
    }
    self.init(
      kernel: result.kernel, tokens: result.tokens, headDim: result.headDim, threads: result.threads,
      seconds: result.nanoseconds.median * 1e-9, load: load)
  }
}
