import Foundation

/// Times of Quest's own kernels, as its paper gives them, beside those of the model.
public struct QuestKernels: Sendable {
  public struct Case: Sendable, Encodable {
    /// Figure of the paper.
    public let place: String
    public let tokens: Double
    public let budget: Double
    /// Microseconds of dense attention, and of all that Quest does; nil where a speed-up alone is told.
    public let full: Pair?
    public let quest: Pair?
    public let speedUp: Pair
  }

  public struct Pair: Sendable, Encodable {
    public let predicted: Double
    public let measured: Double
  }

  public let cases: [Case]
  /// Microseconds of a top-k over the pages of 131,072 tokens, of which the paper says 5 to 10 for fewer.
  public let topKMicroseconds: Double
  public static let publishedTopK = 5.0...10.0

  /// - Parameter path: of a table with the columns place, context_tokens, token_budget, full_us, quest_us and speed_up.
  public init(path: String, machine: HardwareDescription, kernels: KernelSet) throws {
    let model = CostModel(machine: machine, kernels: kernels)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    cases = try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.dropFirst().map { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      let numbers = cells.dropFirst().map { Double($0) }
      let both = numbers.count == 5 ? numbers[2].flatMap { full in numbers[3].map { full / $0 } } : nil
      guard numbers.count == 5, let tokens = numbers[0], let budget = numbers[1],
        let measured = both ?? numbers[4]
      else {
        throw PricingError(
          path, expected: "lines of place,context_tokens,token_budget,full_us,quest_us,speed_up",
          found: "'\(line)'", advice: "put the table of the same version there")
      }
      let call = PageCall(dense: Self.dense(tokens), budget: budget / tokens)
      let full = call.dense.microseconds(model)
      let quest = full / call.speedUp(model)
      return Case(
        place: cells[0], tokens: tokens, budget: budget,
        full: numbers[2].map { Pair(predicted: full, measured: $0) },
        quest: numbers[3].map { Pair(predicted: quest, measured: $0) },
        speedUp: Pair(predicted: full / quest, measured: measured))
    }
    let long = PageCall(dense: Self.dense(131_072), budget: 0.01)
    topKMicroseconds = model.time(long.load, batch: 1).nanoseconds(.stage(.select)) / 1000
  }

  /// A layer of Llama-2-7B in 16 bits, one sequence.
  private static func dense(_ tokens: Double) -> DenseCall {
    DenseCall(elementBytes: 2, headDim: 128, queryHeads: 32, kvHeads: 32, batch: 1, context: tokens)
  }

  public static func error(_ pairs: [Pair]) -> ModelError {
    ModelError(pairs.map { ($0.predicted, $0.measured) })
  }
}
