import Attention

/// What stopwatches told of a machine.
public struct MeasuredMachine: Sendable {
  public let title: String
  public let threads: Int
  public let capacityBytes: Double
  /// All threads reading, bytes per second.
  public let bandwidth: Double
  /// Of one load, in nanoseconds.
  public let latencyNs: Double
  /// Its size and what all threads read of it in a second; nil where it was not told apart.
  public let lastLevelCache: (bytes: Double, bandwidth: Double)?
  /// Single precision, two a multiply-add.
  public let operationsPerSecond: Double
  /// What starting all threads takes.
  public let startSeconds: Double

  public init(
    title: String, threads: Int, capacityBytes: Double, bandwidth: Double, latencyNs: Double,
    lastLevelCache: (bytes: Double, bandwidth: Double)?, operationsPerSecond: Double, startSeconds: Double
  ) {
    self.title = title
    self.threads = threads
    self.capacityBytes = capacityBytes
    self.bandwidth = bandwidth
    self.latencyNs = latencyNs
    self.lastLevelCache = lastLevelCache
    self.operationsPerSecond = operationsPerSecond
    self.startSeconds = startSeconds
  }

  /// A processor, as its data sheet would give it.
  var description: HardwareDescription {
    let bandwidth = bandwidth.significant(6)
    return HardwareDescription(
      name: "local", title: title, device: nil, kind: .cpu, computeUnits: Double(threads),
      memory: .init(
        capacityBytes: capacityBytes, bandwidthBytesPerSecond: bandwidth, sectorBytes: 64, lineBytes: 64,
        latencyNs: latencyNs.significant(6),
        maxOutstandingBytes: (bandwidth * latencyNs * 1e-9).significant(6)),
      lastLevelCache: lastLevelCache.map {
        .init(bytes: $0.bytes, bandwidthBytesPerSecond: $0.bandwidth.significant(6))
      },
      peakOperationsPerSecond: ["f32": operationsPerSecond.significant(6)], hostLink: nil, launchScale: 1,
      kernels: nil,
      digest: "")
  }
}

/// One measured call of a decode kernel, as the cost model sees it.
public struct MeasuredCall: Sendable {
  public let kernel: String
  public let tokens: Int
  public let headDim: Int
  public let threads: Int
  /// Of one call, while every thread makes one.
  public let seconds: Double
  public let load: StepLoad

  public init(kernel: String, tokens: Int, headDim: Int, threads: Int, seconds: Double, load: StepLoad) {
    self.kernel = kernel
    self.tokens = tokens
    self.headDim = headDim
    self.threads = threads
    self.seconds = seconds
    self.load = load
  }

  /// Which of several calls of one shape it is.
  public var name: String { "\(kernel), head dimension \(headDim), \(tokens) tokens" }

  func seconds(_ model: CostModel) -> Double {
    model.time(load, batch: Double(threads)).nanoseconds * 1e-9
  }
}
