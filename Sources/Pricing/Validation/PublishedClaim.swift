/// A speed-up that a paper states without all that would fix it: what the model gives over what is left open.
public struct PublishedClaim: Sendable {
  public let text: String
  public let stated: Double
  public let tokens: Double
  /// Channels scored of every key, tokens attended to.
  public let rank: Double
  public let topK: Double
  public let heads: Double
  public let headDim: Double
  public let layers: Double
  /// Read in every step beside attention, in 16-bit weights.
  public let weightBytes: Double

  /// FASA-C's figure: neither machine nor batch nor the tokens attended to are stated. The released code keeps keys by
  /// query head, so that heads share nothing; 256 tokens and Llama-3.1-8B are its benchmark script's.
  public static let fasaC = PublishedClaim(
    text: "FASA-C 2.56× at 64K tokens, N_tip 16 (arXiv 2602.03152, 5.3)", stated: 2.56, tokens: 65_536,
    rank: 32,
    topK: 256, heads: 32, headDim: 128, layers: 32, weightBytes: 16.06e9)

  public struct Point: Sendable, Encodable {
    public let machine: String
    public let kernels: String
    public let batch: Double
    /// Of attention alone, and of a step of the whole model.
    public let attention: Double
    public let wholeModel: Double
    /// Whether weights and cache fit the machine.
    public let fits: Bool
    /// Of the kernels, on measurements that they were not fitted to; nil where they are assumed.
    public let error: ModelError?
  }

  public func points(_ machines: [HardwareDescription], _ sets: [KernelSet], batches: [Double]) -> [Point] {
    let row = headDim * 2
    let dense = step(nil), sparse = step(topK)
    return machines.flatMap { machine in
      sets.flatMap { set in
        batches.map { batch in
          let model = CostModel(machine: machine, kernels: set)
          let whole = WholeModel(
            weights: [.init(readBytes: weightBytes, activeParameters: weightBytes / 2, bits: 16)],
            layers: layers)
          let linear = whole.linearNanoseconds(machine, set, batch: batch)
          let (slow, fast) = (
            model.time(dense, batch: batch).nanoseconds, model.time(sparse, batch: batch).nanoseconds
          )
          // Keys, values and the packed channels.
          let cache = layers * batch * heads * tokens * (2 * row + 2 * rank)
          return Point(
            machine: machine.name, kernels: set.name, batch: batch, attention: slow / fast,
            wholeModel: (linear + layers * slow) / (linear + layers * fast),
            fits: weightBytes + cache <= machine.memory.capacityBytes,
            error: set.calibration?.error(of: .tokens, on: machine))
        }
      }
    }
  }

  private func step(_ topK: Double?) -> StepLoad {
    Measurement(
      deviceKind: "gpu", device: "", kernel: "", elementBytes: 2, batch: 1, tokens: tokens, heads: heads,
      headDim: headDim, rank: topK == nil ? nil : rank, topK: topK, seconds: 1
    ).load
  }
}
