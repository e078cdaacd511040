import Attention
import Kernels
import Policies
import Simulator

/// What a session is to do.
public struct LiveOptions: Sendable {
  /// The type of the engine's cache, which bytes are counted in; sessions compute in 32-bit floats.
  public var element: ElementType
  /// Tokens of the prompt.
  public var promptTokens: Int
  /// The most decode steps.
  public var steps: Int
  public var threads: Int
  /// Of every random choice.
  public var seed: UInt64
  public var instructionSet: InstructionSet
  /// What calibrates policies that ask for it.
  public var profile: LoadedProfile?
  /// Whether every policy is asked about row 0's inputs, too.
  public var measuresOpenLoop: Bool

  public init(
    promptTokens: Int, steps: Int, element: ElementType = .f16, threads: Int = 1, seed: UInt64 = 0,
    instructionSet: InstructionSet = .best, profile: LoadedProfile? = nil, measuresOpenLoop: Bool = true
  ) {
    self.promptTokens = promptTokens
    self.steps = steps
    self.element = element
    self.threads = threads
    self.seed = seed
    self.instructionSet = instructionSet
    self.profile = profile
    self.measuresOpenLoop = measuresOpenLoop
  }
}

extension LiveModel {
  /// A KV head of a layer, in the terms of policies.
  func context(layer: Int, kvHead: Int, options: LiveOptions) -> GroupContext {
    let chunks = RopeChunks(pairing: rope.pairing, rotaryDim: rope.rotaryDim)
    return GroupContext(
      layer: layer, modelLayers: layers, kvHead: kvHead,
      queryHeads: kvHead * groupSize..<(kvHead + 1) * groupSize, headDim: headDim, valueDim: valueDim,
      element: options.element, scale: Float(scale), logitSoftcap: logitSoftcap.map { Float($0) },
      promptTokens: options.promptTokens, chunks: chunks, seed: options.seed,
      agreement: options.profile?.profile.contextualAgreement,
      statistics: options.profile?.profile.headStatistics(for: rope.pairing),
      frequencies: rope.turns(layer: layer), kvHeads: kvHeads)
  }

  /// - Throws: ``LiveError`` where these numbers are of no model.
  func check(_ options: LiveOptions) throws(LiveError) {
    func within(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(LiveError) {
      guard range.contains(value) else {
        throw LiveError(
          .invalid, name, expected: "from \(range.lowerBound) to \(range.upperBound)", found: "\(value)")
      }
    }
    try within("layers", layers, 1...1024)
    try within("query_heads", queryHeads, 1...1024)
    try within("kv_heads", kvHeads, 1...queryHeads)
    try within("head_dim", headDim, 1...Kernels.maximumChannels)
    try within("value_dim", valueDim, 1...Kernels.maximumChannels)
    try within("rope.rotary_dim", rope.rotaryDim, 0...headDim)
    try within("prompt", options.promptTokens, 1...1 << 24)
    try within("steps", options.steps, 1...1 << 20)
    try within("threads", options.threads, 1...1024)
    try checkLayers()
    guard queryHeads % kvHeads == 0, rope.rotaryDim % 2 == 0 else {
      throw LiveError(
        .invalid, "model", expected: "query_heads a multiple of kv_heads, and an even rotary_dim",
        found: "\(queryHeads), \(kvHeads) and \(rope.rotaryDim)")
    }
    guard scale.isFinite, scale > 0, Float(scale) > 0, Float(scale).isFinite, logitSoftcap ?? 1 > 0 else {
      throw LiveError(.invalid, "scale", expected: "a positive number", found: "\(scale)")
    }
  }

  /// What layers may differ in.
  private func checkLayers() throws(LiveError) {
    let counts = [
      ("layer_windows", layerWindows?.count), ("rope.layer_bases", rope.layerBases?.count),
      ("rope.layer_frequencies", rope.layerFrequencies?.count),
    ]
    for case (let name, let count?) in counts where count != layers {
      throw LiveError(
        .invalid, name, expected: "an entry for each of the \(layers) layers", found: "\(count)")
    }
    for case let window? in [slidingWindow] + (layerWindows ?? []) where window < 1 {
      throw LiveError(
        .invalid, layerWindows == nil ? "sliding_window" : "layer_windows",
        expected: "from 1 to \(Int.max)", found: "\(window)")
    }
    let turns = (0..<layers).map { rope.turns(layer: $0) }
    guard turns.allSatisfy({ $0.count == rope.rotaryDim / 2 && $0.allSatisfy(\.isFinite) }) else {
      throw LiveError(
        .invalid, "rope", expected: "a positive base, or a frequency for every chunk", found: "another number"
      )
    }
  }
}
