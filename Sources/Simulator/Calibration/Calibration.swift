import Kernels
import Policies
import Traces

/// What a calibration measures.
public struct CalibrationOptions: Sendable {
  /// Layer numbers; nil for all captured.
  public var layers: [Int]?
  /// Rows of the trace's query tensors; nil for the decode steps, as FASA's released code does.
  public var rows: [Int]?
  /// K of contextual agreement, one or more.
  public var windows: [Int]
  public var slices: ContextualAgreement.Slices
  /// Whether to measure head statistics too.
  public var hasStatistics: Bool
  public var threads: Int
  public var instructionSet: InstructionSet
  public var progress: (@Sendable (Int, Int) -> Void)?

  public init(
    layers: [Int]? = nil, rows: [Int]? = nil, windows: [Int] = [256],
    slices: ContextualAgreement.Slices = .rope, hasStatistics: Bool = true,
    threads: Int = 1, instructionSet: InstructionSet = .best, progress: (@Sendable (Int, Int) -> Void)? = nil
  ) {
    self.layers = layers
    self.rows = rows
    self.windows = windows
    self.slices = slices
    self.hasStatistics = hasStatistics
    self.threads = threads
    self.instructionSet = instructionSet
    self.progress = progress
  }
}

/// Measures contextual agreement per layer, query head and chunk on one trace.
public struct Calibration: Sendable {
  public let trace: Trace

  public init(_ trace: Trace) { self.trace = trace }

  public func run(_ options: CalibrationOptions) throws -> CalibrationProfile {
    let groups = TraceGroups(trace)
    try groups.checkHeads()
    let metadata = trace.metadata
    let layers = options.layers ?? metadata.capturedLayers
    let rows = options.rows ?? groups.decodeRows
    guard !rows.isEmpty else {
      throw ReplayError(
        trace.path, expected: "decode steps to calibrate on", found: "none",
        advice: "capture it with decode steps")
    }
    let kernels = try Kernels(options.instructionSet)
    let inputs = GroupInputs(groups: groups, rows: rows, seed: 0, agreement: nil, statistics: nil)
    let pipeline = GroupPipeline(
      trace: trace, layers: layers, kvHeads: Array(0..<metadata.geometry.kvHeads), threads: options.threads)
    let measured = try pipeline.map(
      worker: { ReplayWorker(kernels: kernels) }, progress: options.progress
    ) { tensors, kvHead, worker in
      let replay = inputs.replay(tensors, kvHead: kvHead, worker: worker)
      let measurement = AgreementMeasurement(
        group: replay.group, keys: replay.keys, queries: replay.queries, steps: replay.steps,
        windows: options.windows,
        chunks: options.slices == .adjacent ? groups.chunks.adjacent : groups.chunks, worker: worker)
      return (
        agreement: measurement.run(),
        heads: options.hasStatistics ? HeadMeasurement(replay: replay).run() : nil
      )
    }
    return try profile(
      options, layers: layers, queries: rows.count, measured: measured.map(\.agreement),
      heads: measured.compactMap(\.heads))
  }

  /// - Parameters:
  ///   - measured: by layer, then KV head: `[window][head of the group][chunk]`.
  ///   - heads: by layer, then KV head; empty where nobody asked.
  private func profile(
    _ options: CalibrationOptions, layers: [Int], queries: Int, measured: [[[[Double]]]],
    heads: [HeadMeasurement.Result]
  ) throws -> CalibrationProfile {
    let metadata = trace.metadata
    let geometry = metadata.geometry
    let statistics =
      heads.isEmpty
      ? nil
      : HeadStatistics(
        layers: layers.indices.map { index in
          let groups = heads[index * geometry.kvHeads..<(index + 1) * geometry.kvHeads]
          return HeadStatistics.Layer(
            layer: layers[index], keyAxes: groups.map(\.keyAxes),
            unrotatedKeyAxes: groups.map(\.unrotatedKeyAxes),
            channelWeights: groups.map(\.channelWeights),
            ownChannelWeights: groups.flatMap(\.ownChannelWeights),
            queryCentres: groups.flatMap(\.queryCentres),
            queryNorms: groups.flatMap(\.queryNorms), retrieval: groups.map(\.retrieval))
        },
        skipFactors: SkipCalibration.factors(
          heads.flatMap(\.skipThresholds), tiles: heads.reduce(0) { $0 + $1.tiles }))
    let entries = layers.indices.flatMap { index in
      options.windows.indices.map { window in
        let groups = measured[index * geometry.kvHeads..<(index + 1) * geometry.kvHeads]
        return CalibrationProfile.Layer(
          layer: layers[index], window: options.windows[window], agreement: groups.flatMap { $0[window] })
      }
    }
    return CalibrationProfile(
      version: CalibrationProfile.currentVersion,
      model: .init(
        name: metadata.model.name, sha256: metadata.model.sha256, layers: geometry.layers,
        queryHeads: geometry.queryHeads, kvHeads: geometry.kvHeads, headDim: geometry.headDim,
        rotations: CalibrationProfile.Rotation.of(metadata, layers: layers)),
      slices: options.slices, pairing: TraceGroups(trace).chunks.pairing,
      texts: [
        .init(
          title: metadata.text.title, kind: metadata.text.kind, sha256: metadata.text.sha256,
          tokens: metadata.tokens.total, queries: queries, traceDigest: try trace.digest())
      ],
      layers: entries, statistics: statistics)
  }
}
