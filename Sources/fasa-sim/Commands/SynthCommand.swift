import ArgumentParser
import Attention
import Experiments
import Foundation
import Simulator
import Traces

struct SynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth", abstract: "Writes a synthetic trace of any shape, layer by layer, for scale tests.",
    discussion: """
      Queries and keys are made, not captured: a sink, topics that return, near tokens preferred, channels that \
      weigh more the slower they turn. That is enough to test speed, memory and a pipeline, and no ground \
      for judging a policy. Equal options give equal values.

      EXAMPLES:
        fasa-sim synth big.zst --shape llama-3.1-8b --tokens 131072 --layers 0-3
        fasa-sim synth small.zst --tokens 2048 --decode 32 --seed 7
        fasa-sim synth own.zst --query-heads 16 --kv-heads 2 --head-dim 96 --layers 0
      """)

  @Argument(help: "Trace to write.", completion: .file())
  var trace: String

  @Option(
    help: ArgumentHelp(
      "Shape of a model: a name or file as model --geometry takes them.", valueName: "model"),
    completion: .list(ModelLocator.names))
  var shape = ModelShape.smolLM2.name

  @Option(help: "Tokens in the cache at the end, the decode steps' included.")
  var tokens = 8192

  @Option(help: "Decode steps.")
  var decode = 128

  @Option(help: "Last prompt positions whose queries are traced too.")
  var window = 32

  @Option(
    help: ArgumentHelp("Layers to write, such as 0-3; all of the shape by default.", valueName: "layers"))
  var layers: NumberList?

  @Option(name: .customLong("query-heads"), help: "Query heads, in place of the shape's.")
  var queryHeads: Int?

  @Option(name: .customLong("kv-heads"), help: "KV heads, in place of the shape's.")
  var kvHeads: Int?

  @Option(name: .customLong("head-dim"), help: "Channels of a head, in place of the shape's.")
  var headDim: Int?

  @Option(help: "Which channels a rotation turns: half or interleaved.")
  var pairing: RopePairing = .half

  @Option(help: "Element type of keys, values and queries.")
  var element: ElementType = .f16

  @Option(help: "Seed of all values.")
  var seed: UInt64 = 1

  @Option(help: "Threads that make values. They are the same for any number.")
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount

  @Flag(
    name: .customLong("output-projection"),
    help: "Give each layer an output projection, a random one, after which a replay measures errors too.")
  var outputProjection = false

  @Flag(
    help: "Give each layer scores as an indexer and others might: for the policies scored and criticalkv.")
  var scores = false

  @Flag(help: "Write a bare safetensors file, not compressed.")
  var plain = false

  @Flag(help: "Replace the trace if there is one.")
  var force = false

  func validate() throws {
    try ModelName.check(shape, option: "--shape")
    // A file is read when the trace is made.
    if let bundled = ModelShape.bundled(named: shape) { try check(geometry(of: bundled)) }
  }

  private func check(_ geometry: Geometry) throws {
    func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
      guard range.contains(value) else {
        throw ValidationError("--\(name) \(value): expected \(range.lowerBound) to \(range.upperBound)")
      }
    }
    try check("tokens", tokens, 2...(1 << 24))
    try check("decode", decode, 1...tokens - 1)
    try check("window", window, 0...tokens - decode)
    try check("query-heads", geometry.queryHeads, 1...1024)
    try check("kv-heads", geometry.kvHeads, 1...geometry.queryHeads)
    try check("head-dim", geometry.headDim, 2...1024)
    try check("threads", threads, 1...1024)
    guard geometry.headDim % 2 == 0 else {
      throw ValidationError(
        "--head-dim \(geometry.headDim): expected an even number, since a rotation turns two")
    }
    guard geometry.queryHeads % geometry.kvHeads == 0 else {
      throw ValidationError(
        "\(geometry.queryHeads) query heads over \(geometry.kvHeads) KV heads: expected a multiple; give --query-heads or --kv-heads"
      )
    }
    if let last = layers?.ranges.ranges.last?.upperBound {
      try check("layers", last, 0...geometry.layers - 1)
    }
  }

  func run() throws {
    let shape = try ModelLocator.shape(shape)
    let geometry = geometry(of: shape)
    try check(geometry)
    try OutputPlace(trace).refuseTaken(force: force)
    let synthetic = SyntheticTrace(
      prompt: tokens - decode, decode: decode, window: window, geometry: geometry,
      capturedLayers: layers?.ranges.numbers(atMost: geometry.layers), pairing: pairing,
      ropeBase: shape.ropeBase, windowed: shape.windowed, elementType: element,
      hasOutputProjection: outputProjection,
      hasScores: scores, seed: seed)
    let line = ProgressLine("writing \(trace)")
    try synthetic.write(to: trace, form: plain ? .safetensors : .seekableZstd(), threads: threads) {
      line.update($0, of: $1)
    }
    line.finish()
    let written = try Trace(path: trace)
    try Output.text(TraceInfo(written, digest: try written.digest(), isVerified: false).text)
  }

  private func geometry(of shape: ModelShape) -> Geometry {
    var geometry = shape.geometry
    geometry.queryHeads = queryHeads ?? geometry.queryHeads
    geometry.kvHeads =
      kvHeads ?? (queryHeads == nil ? geometry.kvHeads : min(geometry.kvHeads, geometry.queryHeads))
    geometry.headDim = headDim ?? geometry.headDim
    geometry.valueDim = headDim ?? geometry.valueDim
    return geometry
  }
}

extension RopePairing: ExpressibleByArgument {}
extension ElementType: ExpressibleByArgument {}
