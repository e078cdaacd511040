import Foundation

/// Quest's published end-to-end times beside those of the model: the whole of a decoded token, with kernels that were
/// fitted to others.
public struct QuestTimes: Sendable {
  public struct Case: Sendable, Encodable {
    public let weightBits: Double
    public let tokens: Double
    /// Nil for the full cache.
    public let budget: Double?
    public let predictedSeconds: Double
    public let measuredSeconds: Double
  }

  public let cases: [Case]

  // Llama-2-7B: multi-head attention of 32 layers; the weights but for the embedding table.
  private static let (layers, heads, headDim, weights) = (32.0, 32.0, 128.0, 6.61e9)
  /// The first ones, which stay dense.
  private static let denseLayers = 2.0
  /// A scale and a zero point of 16 and 4 bits for each 128 weights of 4.
  private static let groupBits = 20.0 / 128

  public init(path: String, machine: HardwareDescription, kernels: KernelSet) throws {
    let model = CostModel(machine: machine, kernels: kernels)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    cases = try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.dropFirst().map { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      guard cells.count == 4, let bits = cells[0], let tokens = cells[1], let latency = cells[3] else {
        throw PricingError(
          path, expected: "lines of weight_bits,context_tokens,token_budget,latency_ms", found: "'\(line)'",
          advice: "put the table of the same version there")
      }
      let whole = WholeModel(
        weights: [
          .init(
            readBytes: Self.weights * (bits + (bits < 16 ? Self.groupBits : 0)) / 8,
            activeParameters: Self.weights, bits: bits)
        ], layers: Self.layers)
      func time(_ budget: Double?) -> StepTime {
        model.time(Self.load(tokens: tokens, budget: budget), batch: 1)
      }
      let nanoseconds = whole.stepNanoseconds(
        attention: time(cells[2]), dense: time(nil), denseLayers: Self.denseLayers, machine, kernels, batch: 1
      )
      return Case(
        weightBits: bits, tokens: tokens, budget: cells[2], predictedSeconds: nanoseconds * 1e-9,
        measuredSeconds: latency * 1e-3)
    }
  }

  /// Inside a model other layers pass between, so that no cache serves anything again.
  private static func load(tokens: Double, budget: Double?) -> StepLoad {
    let dense = DenseCall(
      elementBytes: 2, headDim: headDim, queryHeads: heads, kvHeads: heads, batch: 1, context: tokens)
    var load = budget.map { PageCall(dense: dense, budget: $0 / tokens).load } ?? dense.load
    load.isRepeated = false
    return load
  }

  public func error(full: Bool) -> ModelError {
    ModelError(cases.filter { ($0.budget == nil) == full }.map { ($0.predictedSeconds, $0.measuredSeconds) })
  }

  /// Of Quest over the full cache at the same length and weights.
  public var speedUps: [(predicted: Double, measured: Double)] {
    cases.filter { $0.budget != nil }.compactMap { item in
      cases.first { $0.budget == nil && $0.tokens == item.tokens && $0.weightBits == item.weightBits }.map {
        ($0.predictedSeconds / item.predictedSeconds, $0.measuredSeconds / item.measuredSeconds)
      }
    }
  }
}
