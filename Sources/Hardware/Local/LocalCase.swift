/// One measured call of a decode kernel of this project, as the cost model sees it.
struct LocalCase {
  let kernel: String
  let tokens: Int
  let headDim: Int
  let threads: Int
  /// Of one call, while every thread makes one.
  let seconds: Double
  let load: StepLoad

  var name: String { "\(kernel), head dimension \(headDim), \(tokens) tokens" }

  static let dense: Set<String> = ["dense score", "dense score, one head", "dense attend"]
  static let gathers: Set<String> = [
    "gather and attend, k = 256", "gather and attend, k = 1024", "gather and attend, k = 19 %",
  ]
  static let partial: Set<String> = ["partial score, packed"]
  static let selects: Set<String> = ["top-k, k = 256", "top-k, k = 19 %"]
  static let all = dense.union(gathers).union(partial).union(selects)

  init?(_ result: KernelResult) {
    var load = StepLoad()
    let (bytes, operations) = (Double(result.bytes), Double(result.operations))
    switch result.kernel {
    case let name where Self.dense.contains(name):
      load.attend = [Access(bytes: bytes, pattern: .stream)]
      load.attendOperations = operations
    case let name where Self.partial.contains(name):
      load.chooses = true
      load.score = [Access(bytes: bytes, pattern: .stream)]
      load.scoreOperations = operations
    case let name where Self.gathers.contains(name):
      load.chooses = true
      load.attend = [Access(bytes: bytes, pattern: .gather(rowBytes: Double(result.headDim * 2)))]
      load.attendOperations = operations
    case let name where Self.selects.contains(name):
      load.chooses = true
      load.candidates = Double(result.tokens)
    default: return nil
    }
    kernel = result.kernel
    tokens = result.tokens
    headDim = result.headDim
    threads = result.threads
    seconds = result.nanoseconds.median * 1e-9
    self.load = load
  }
}
