import Attention
import Kernels
import Policies
import Traces

/// A trace in the terms of policies and kernels.
struct TraceGroups: Sendable {
  let trace: Trace
  private var geometry: Geometry { trace.metadata.geometry }

  init(_ trace: Trace) { self.trace = trace }

  /// - Throws: ``ReplayError`` where a head has more channels than the kernels pack on their stack.
  func checkHeads() throws {
    let channels = max(geometry.headDim, geometry.valueDim)
    guard channels <= Kernels.maximumChannels else {
      throw ReplayError(
        trace.path,
        expected: "heads of at most \(Kernels.maximumChannels) channels, which these kernels hold",
        found: "\(channels)", advice: "replay another model")
    }
  }

  var groupSize: Int { geometry.queryHeads / geometry.kvHeads }

  var chunks: RopeChunks {
    let rope = trace.metadata.rope
    return RopeChunks(pairing: rope.pairing == .half ? .half : .interleaved, rotaryDim: rope.rotaryDim)
  }

  func context(
    layer: Int, kvHead: Int, element: ElementType, seed: UInt64, agreement: ContextualAgreement?,
    statistics: HeadStatistics? = nil, external: [String: ExternalChoices] = [:],
    given: GivenScores = GivenScores()
  ) -> GroupContext {
    GroupContext(
      layer: layer, modelLayers: geometry.layers, kvHead: kvHead,
      queryHeads: kvHead * groupSize..<(kvHead + 1) * groupSize, headDim: geometry.headDim,
      valueDim: geometry.valueDim, element: element, scale: Float(trace.metadata.attention.scale),
      logitSoftcap: trace.metadata.attention.logitSoftcap.map { Float($0) },
      promptTokens: trace.metadata.tokens.prompt, chunks: chunks, seed: seed, agreement: agreement,
      statistics: statistics, frequencies: trace.metadata.rotationFrequencies(layer: layer),
      kvHeads: geometry.kvHeads, external: external, given: given)
  }

  /// Rows of the query tensors that lie in the prompt: the observation window.
  var promptRows: [Int] {
    trace.queryPositions.indices.filter { trace.queryPositions[$0] < trace.metadata.tokens.prompt }
  }

  /// What the prompt tells the policies of a group.
  func prompt(
    _ tensors: LayerTensors, group: GroupContext, keys: KeyPanels, tables: GroupTables, worker: ReplayWorker
  ) -> PromptView {
    let rows = promptRows
    let window =
      rows.isEmpty
      ? nil
      : ScoredBlock(
        group: group, steps: steps(rows: rows, layer: group.layer), kernels: worker.kernels,
        keys: keys,
        queries: queries(tensors, kvHead: group.kvHead, rows: rows, kernels: worker.kernels), tables: tables,
        pool: worker.pool, scratch: worker.scratch)
    let prompt = trace.metadata.tokens.prompt
    let attention = tensors.promptAttention.map { tensor in
      let all = tensor.floatValues()
      return group.queryHeads.map { Array(all[$0 * prompt..<($0 + 1) * prompt]) }
    }
    return PromptView(window: window, attention: attention, tables: tables)
  }

  /// Row of the query tensors that holds decode step 0; those before it lie in the prompt.
  private var firstDecodeRow: Int { promptRows.count }

  /// The row of the query tensors that holds a step.
  func row(of step: Step) -> Int { step.index + firstDecodeRow }

  /// The query of every given row of the trace's query tensors, with what it sees in a layer.
  func steps(rows: [Int], layer: Int) -> [Step] {
    let window = trace.metadata.slidingWindow(layer: layer)
    let first = firstDecodeRow
    return rows.map { row in
      let position = trace.queryPositions[row]
      let start = window.map { max(0, position + 1 - $0) } ?? 0
      return Step(index: row - first, position: position, visible: start..<position + 1)
    }
  }

  /// Rows of the query tensors that are decode steps.
  var decodeRows: [Int] {
    trace.queryPositions.indices.filter { trace.queryPositions[$0] >= trace.metadata.tokens.prompt }
  }

  /// Queries that are enough to rank chunks, where a trace calibrates itself.
  private static let ownCalibrationQueries = 32

  /// Rows that calibrate where a trace is to do so itself: those of its earliest queries.
  func ownCalibrationRows(_ options: ReplayOptions) -> [Int] {
    options.selfCalibrates ? Array(trace.queryPositions.indices.prefix(Self.ownCalibrationQueries)) : []
  }

  /// Decode steps that are to be scored, of those asked for: later ones than any that calibrates.
  func scoredSteps(_ options: ReplayOptions) -> Range<Int> {
    let asked = options.steps ?? 0..<decodeRows.count
    let first = ownCalibrationRows(options).count - firstDecodeRow
    return min(max(asked.lowerBound, first), asked.upperBound)..<asked.upperBound
  }

  /// A KV head's keys, in the worker's memory until it packs the next head's.
  func keys(_ tensors: LayerTensors, kvHead: Int, worker: ReplayWorker) -> KeyPanels {
    let keys = rows(of: tensors.k, index: kvHead, tokens: geometryTokens, channels: geometry.headDim) {
      worker.kernels.packKeys(
        $0, element: $1, tokens: geometryTokens, channels: geometry.headDim, reusing: worker.keys)
    }
    worker.keys = keys
    return keys
  }

  /// A KV head's values, in the worker's memory until it packs the next head's.
  func values(_ tensors: LayerTensors, kvHead: Int, worker: ReplayWorker) -> ValueTiles {
    let values = rows(of: tensors.v, index: kvHead, tokens: geometryTokens, channels: geometry.valueDim) {
      worker.kernels.packValues(
        $0, element: $1, tokens: geometryTokens, channels: geometry.valueDim, reusing: worker.values)
    }
    worker.values = values
    return values
  }

  /// The queries of a group's heads at the given rows: `[group heads][rows][headDim]`.
  func queries(_ tensors: LayerTensors, kvHead: Int, rows: [Int], kernels: Kernels) -> FloatBuffer {
    let dim = geometry.headDim
    let traced = trace.queryPositions.count
    let result = FloatBuffer(count: groupSize * rows.count * dim)
    tensors.q.withUnsafeBytes { bytes in
      let element = tensors.q.elementType
      for head in 0..<groupSize {
        for (index, row) in rows.enumerated() {
          let start = ((kvHead * groupSize + head) * traced + row) * dim * element.byteCount
          let source = UnsafeRawBufferPointer(rebasing: bytes[start..<start + dim * element.byteCount])
          let out = UnsafeMutableBufferPointer(
            start: result.pointer + (head * rows.count + index) * dim, count: dim)
          kernels.widen(source, element: element, into: out)
        }
      }
    }
    return result
  }

  private var geometryTokens: Int { trace.metadata.tokens.total }

  private func rows<R>(
    of tensor: Tensor, index: Int, tokens: Int, channels: Int,
    _ body: (UnsafeRawBufferPointer, ElementType) -> R
  ) -> R {
    tensor.withUnsafeBytes { bytes in
      let size = tokens * channels * tensor.elementType.byteCount
      return body(
        UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size]), tensor.elementType)
    }
  }
}
