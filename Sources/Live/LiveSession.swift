import Attention
import Kernels
import Policies
import Simulator

/// Policies inside a live model: rows that are configurations go on from one prompt, each with caches of its own, and are
/// stepped by an engine that computes everything but attention.
///
/// What a row's policy chooses, and what attention over it gives, is computed by the code that replays traces: the same
/// queries, keys and values give the same token sets. For one thread at a time.
public final class LiveSession {
  public let model: LiveModel
  public let options: LiveOptions
  /// What each row does, each behaviour under its one label. Row 0 is what the others are held against.
  public let configurations: [ReplayConfiguration]
  private let kernels: Kernels
  /// How rows store their caches, beside as keys and values come.
  private let formats: [CacheFormat]
  private var layers: [LiveLayer?]
  /// Of every configuration and layer as the prompt left them; empty before it is whole.
  private var beginnings: [[LiveChooser]] = []
  private var rows: [LiveRow] = []
  private var workers: [LiveWorker] = []
  /// Where the next call to ``step(layer:queries:keys:values:into:)`` belongs.
  public private(set) var stepsDone = 0
  private var nextLayer = 0
  /// A step failed half way, so that rows no longer agree on where they are.
  private var isBroken = false

  /// - Throws: ``LiveError`` where the model or the options are none, a profile is not of the model, or a policy cannot
  ///   run in a live model.
  public init(model: LiveModel, configurations: [ReplayConfiguration], options: LiveOptions) throws {
    try model.check(options)
    try Self.check(configurations, model: model, options: options)
    self.model = model
    self.options = options
    self.configurations = configurations.map { $0.canonical(in: model) }
    formats = CacheFormat.allCases.filter(Set(configurations.map(\.policy.cacheFormat)).contains)
    do { kernels = try Kernels(options.instructionSet) } catch {
      throw LiveError(
        .invalid, "instruction set", expected: "one that this processor has",
        found: options.instructionSet.rawValue)
    }
    layers = Array(repeating: nil, count: model.layers)
  }

  /// Whether every layer has its prompt.
  public var hasPrompt: Bool { !layers.contains { $0 == nil } }
}

extension LiveSession {
  /// Takes the prompt of a layer, which an engine has computed with full attention; layers in any order, each once.
  ///
  /// - Parameters:
  ///   - tokens: as many as the options say.
  ///   - keys: rotated, `[KV heads][tokens][headDim]`.
  ///   - values: `[KV heads][tokens][valueDim]`
  ///   - window: how many of the prompt's last queries are given.
  ///   - queries: rotated, `[query heads][window][headDim]`; nil where none are.
  ///   - attention: summed over all queries of the prompt, `[query heads][tokens]`; nil where it was not kept.
  /// - Throws: ``LiveError``; at the last layer also where a policy lacks something.
  public func prompt(
    layer: Int, tokens: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, window: Int = 0,
    queries: UnsafePointer<Float>? = nil, attention: UnsafePointer<Float>? = nil
  ) throws {
    guard layers.indices.contains(layer) else {
      throw LiveError(
        .invalid, "layer", expected: "from 0 to \(layers.count - 1)", found: "\(layer)")
    }
    guard layers[layer] == nil else {
      throw LiveError(
        .outOfTurn, "layer \(layer)", expected: "its prompt once", found: "it again",
        advice: "open another session for another prompt")
    }
    guard tokens == options.promptTokens else {
      throw LiveError(
        .invalid, "tokens", expected: "the \(options.promptTokens) that were described", found: "\(tokens)")
    }
    guard (0...tokens).contains(window), (window > 0) == (queries != nil) else {
      throw LiveError(
        .invalid, "window", expected: "how many of the prompt's \(tokens) queries are given",
        found: "\(window) and \(queries == nil ? "no" : "some") queries")
    }
    layers[layer] = LiveLayer(
      .init(
        tokens: tokens, keys: keys, values: values, window: window, queries: queries, attention: attention),
      layer: layer, model: model, options: options, formats: formats, kernels: kernels)
    guard hasPrompt else { return }
    do { try begin() } catch {
      layers[layer] = nil
      throw error
    }
  }

  /// Back to the end of the prompt: caches, policies and results as they were before the first step.
  public func rewind() throws {
    guard hasPrompt else {
      throw LiveError(
        .outOfTurn, "rewind", expected: "a prompt of all \(layers.count) layers", found: "only some")
    }
    try begin()
  }

  private func begin() throws {
    let whole = layers.compactMap(\.self)
    if beginnings.isEmpty { beginnings = try LiveBeginnings(configurations, model, options).choosers(whole) }
    rows = zip(configurations, beginnings).enumerated().map { number, row in
      LiveRow(
        row.0, layers: whole, choosers: row.1, openLoop: options.measuresOpenLoop && number > 0)
    }
    workers = (0..<min(options.threads, rows.count)).map { _ in LiveWorker(kernels) }
    for worker in workers where options.measuresOpenLoop { worker.follow(whole, formats: formats) }
    (stepsDone, nextLayer, isBroken) = (0, 0, false)
  }
}

extension LiveSession {
  /// One layer of one decode step of all rows; layers in ascending order, and from 0 again at the next step.
  ///
  /// - Parameters:
  ///   - queries: rotated, `[rows][query heads][headDim]`.
  ///   - keys: rotated, `[rows][KV heads][headDim]`.
  ///   - values: `[rows][KV heads][valueDim]`
  ///   - out: gets `[rows][query heads][valueDim]`.
  /// - Throws: ``LiveError``; after one of kind ``LiveError/Kind/overflow`` the session goes on only by ``rewind()``.
  public func step(
    layer: Int, queries: UnsafePointer<Float>, keys: UnsafePointer<Float>, values: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) throws {
    try checkTurn(layer)
    guard let own = layers[layer] else { return }
    let position = options.promptTokens + stepsDone
    let step = Step(index: stepsDone, position: position, visible: model.visible(at: position, layer: layer))
    func input(_ row: Int) -> LiveInput {
      LiveInput(
        queries: queries + row * model.queryHeads * model.headDim,
        keys: keys + row * model.kvHeads * model.headDim,
        values: values + row * model.kvHeads * model.valueDim)
    }
    let board = LiveBoard(rows: rows, workers: workers)
    let (number, width) = (stepsDone, model.queryHeads * model.valueDim)
    let reference = options.measuresOpenLoop ? input(0) : nil
    let places = UncheckedPlaces(layer: own, input: input, out: out, reference: reference)
    board.run { worker, mine in
      let shared = try places.reference.map { try worker.reference($0, places.layer, at: step) }
      let blocks = try places.layer.blocks(
        mine.map { places.input($0.place) }, caches: mine.map { $0.row.caches(places.layer) }, at: step,
        worker: worker)
      for (row, blocks) in zip(mine, blocks) {
        try row.row.step(
          places.layer, number: number, blocks: blocks, reference: shared,
          out: places.out + row.place * width)
      }
    }
    if let failure = board.failure {
      isBroken = true
      if let refusal = failure as? PolicyError {
        throw LiveError(
          .unfit, "step \(stepsDone): \(refusal.place)", expected: refusal.expected, found: refusal.found,
          advice: "rewind the session")
      }
      throw LiveError(
        .overflow, "step \(stepsDone), layer \(layer)", expected: "scores and outputs within 32-bit floats",
        found: "\(failure)", advice: "rewind the session")
    }
    nextLayer += 1
    if nextLayer == layers.count { (nextLayer, stepsDone) = (0, stepsDone + 1) }
  }

  private func checkTurn(_ layer: Int) throws(LiveError) {
    guard hasPrompt else {
      throw LiveError(
        .outOfTurn, "step", expected: "a prompt of all \(layers.count) layers before it",
        found: "one of \(layers.count { $0 != nil })")
    }
    guard !isBroken else {
      throw LiveError(
        .outOfTurn, "step", expected: "rewind after a step that failed", found: "another step")
    }
    guard stepsDone < options.steps else {
      throw LiveError(
        .outOfTurn, "step", expected: "the \(options.steps) steps that were described", found: "one more",
        advice: "describe more, or rewind")
    }
    guard layer == nextLayer else {
      throw LiveError(
        .outOfTurn, "step \(stepsDone)", expected: "layer \(nextLayer)", found: "layer \(layer)",
        advice: "give the layers in ascending order")
    }
  }

  /// What every row did since the prompt.
  ///
  /// - Throws: ``LiveError`` in the middle of a step.
  public func results() throws -> [LiveResult] {
    guard nextLayer == 0, !isBroken else {
      throw LiveError(
        .outOfTurn, "results", expected: "all layers of a step", found: "\(nextLayer) of \(layers.count)",
        advice: "give the others, or rewind")
    }
    return rows.map {
      LiveResult($0, steps: stepsDone, reference: rows.first, open: options.measuresOpenLoop)
    }
  }
}

/// Places that several threads write apart from each other.
private struct UncheckedPlaces: @unchecked Sendable {
  /// Read by all, but for its tables, which are locked.
  let layer: LiveLayer
  let input: (Int) -> LiveInput
  let out: UnsafeMutablePointer<Float>
  let reference: LiveInput?
}
