import Attention
import Kernels
import Policies
import Traces

/// How far our exact attention is from the engine's own output, where a trace holds that (`layers.L.o`).
public struct EngineAgreement: Sendable, Equatable, Encodable {
  /// Layers that hold the engine's output.
  public let layers: [Int]
  /// Query heads × traced positions compared, over all those layers.
  public let rows: Int
  /// ‖ours − engine's‖₂ / ‖engine's‖₂ of a row.
  public let medianRelativeError: Double
  public let largestRelativeError: Double

  /// Compares every traced query of every layer that holds the engine's output.
  ///
  /// - Returns: nil where no layer does.
  public static func measure(_ trace: Trace, options: CalibrationOptions) throws -> EngineAgreement? {
    let layers = trace.metadata.capturedLayers.filter { trace.hasOutput(layer: $0) }
    guard !layers.isEmpty else { return nil }
    let groups = TraceGroups(trace)
    try groups.checkHeads()
    let kernels = try Kernels(options.instructionSet)
    let pipeline = GroupPipeline(
      trace: trace, layers: layers, kvHeads: Array(0..<trace.metadata.geometry.kvHeads),
      threads: options.threads)
    let measured = try pipeline.map(
      worker: { ReplayWorker(kernels: kernels) }, progress: options.progress
    ) { tensors, kvHead, worker in
      try errors(tensors, kvHead: kvHead, groups: groups, worker: worker)
    }.flatMap(\.self).sorted()
    guard let largest = measured.last else { return nil }
    return EngineAgreement(
      layers: layers, rows: measured.count, medianRelativeError: Quantile.of(0.5, sorted: measured),
      largestRelativeError: largest)
  }

  private static func errors(
    _ tensors: LayerTensors, kvHead: Int, groups: TraceGroups, worker: ReplayWorker
  ) throws -> [Double] {
    guard let engine = tensors.output else { return [] }
    let kernels = worker.kernels
    let context = groups.context(
      layer: tensors.layer, kvHead: kvHead, element: tensors.k.elementType, seed: 0, agreement: nil)
    let keys = groups.keys(tensors, kvHead: kvHead, worker: worker)
    let values = groups.values(tensors, kvHead: kvHead, worker: worker)
    let count = groups.trace.queryPositions.count
    let rows = Array(0..<count)
    let queries = groups.queries(tensors, kvHead: kvHead, rows: rows, kernels: kernels)
    let steps = groups.steps(rows: rows, layer: tensors.layer)
    var result: [Double] = []
    for start in stride(from: 0, to: count, by: GroupReplay.blockSteps(context, tokens: keys.tokens)) {
      let range = start..<min(start + GroupReplay.blockSteps(context, tokens: keys.tokens), count)
      let block = ScoredBlock(
        group: context, steps: Array(steps[range]), kernels: kernels, keys: keys,
        queries: queries.rows(range, of: count, blocks: context.groupSize, width: context.headDim),
        pool: worker.pool, scratch: worker.scratch)
      let exact = try ExactAttention(block, values: values)
      for row in 0..<block.rows {
        let head = context.queryHeads.lowerBound + row / range.count
        let first = (head * count + start + row % range.count) * context.valueDim
        result.append(relativeError(exact.output(row), engine, first: first))
      }
    }
    return result
  }

  private static func relativeError(_ ours: ArraySlice<Float>, _ engine: Tensor, first: Int) -> Double {
    engine.withUnsafeBytes { bytes in
      let theirs = bytes.bindMemory(to: Float.self)
      var difference = 0.0
      var norm = 0.0
      for (channel, value) in ours.enumerated() {
        let other = Double(theirs[first + channel])
        difference += (Double(value) - other) * (Double(value) - other)
        norm += other * other
      }
      return norm > 0 ? (difference / norm).squareRoot() : 0
    }
  }
}
