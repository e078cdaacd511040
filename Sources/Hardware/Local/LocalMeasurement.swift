import Foundation
import Kernels

/// Describes this machine by measuring it, and tells how well the description predicts shapes that it was not fitted to.
public struct LocalMeasurement: Sendable {
  public struct Prediction: Sendable, Encodable {
    public let kernel: String
    public let tokens: Int
    public let headDim: Int
    public let predictedSeconds: Double
    public let measuredSeconds: Double
  }

  public let machine: HardwareDescription
  /// Of the shapes that were held out.
  public let predictions: [Prediction]

  private typealias Shape = (headDim: Int, tokens: Int)

  private static let fitted: [Shape] = [(64, 4096), (64, 16_384), (128, 4096), (128, 16_384)]
  /// Other lengths, and a head dimension between those that are fitted.
  private static let heldOut: [Shape] = [
    (64, 8192), (128, 8192), (64, 32_768), (128, 32_768), (96, 4096), (96, 16_384),
  ]
  /// Of all shapes in turn; each is as fast as in its fastest pass, so that a busy moment does not count.
  private static let passes = 4

  /// - Parameter progress: parts done, and how many there are.
  public init(kernels: Kernels, threads: Int, progress: ((Int, Int) -> Void)? = nil) {
    let host = HostMachine.current
    // In turn, so that a slow moment meets both.
    let shapes = Self.heldOut.enumerated().flatMap { place, shape in
      place < Self.fitted.count ? [Self.fitted[place], shape] : [shape]
    }
    let parts = 2 + Self.passes * shapes.count
    progress?(0, parts)
    let roofline = Roofline.measure(kernels, threads: threads)
    progress?(1, parts)
    let latency = LoadLatency.measure()
    let start = ParallelRounds(threads: threads).time { _ in }.median
    var fastest: [String: LocalCase] = [:]
    for pass in 0..<Self.passes {
      for (place, shape) in shapes.enumerated() {
        progress?(2 + pass * shapes.count + place, parts)
        var benchmark = KernelBenchmark(kernels: kernels, roofline: roofline)
        benchmark.headDim = shape.headDim
        benchmark.secondsEach = 0.05
        for item in benchmark.run(tokens: shape.tokens, only: LocalCase.all).compactMap(LocalCase.init) {
          if item.seconds < fastest[item.name]?.seconds ?? .infinity { fastest[item.name] = item }
        }
      }
    }
    progress?(parts, parts)
    let cases = fastest.values.sorted { $0.name < $1.name }
    let seen = cases.filter { item in Self.fitted.contains { $0 == (item.headDim, item.tokens) } }
    let unseen = cases.filter { item in Self.heldOut.contains { $0 == (item.headDim, item.tokens) } }
    var machine = Self.describe(host, roofline, latency: latency)
    var set = Self.fit(seen, machine)
    func seconds(_ item: LocalCase) -> Double {
      CostModel(machine: machine, kernels: set).time(item.load, batch: Double(item.threads)).nanoseconds
        * 1e-9
    }
    let predicted = unseen.map {
      Prediction(
        kernel: $0.kernel, tokens: $0.tokens, headDim: $0.headDim, predictedSeconds: seconds($0),
        measuredSeconds: $0.seconds)
    }
    predictions = predicted
    // Starting threads is no part of the calls that were fitted, and is of every step.
    set.dense.launchNs = start * 1e9
    set.sparse.launchNs = start * 1e9
    set.calibration = KernelCalibration(
      method:
        "least squares on the logarithm of kernel times, soft absolute loss (fasa-sim hardware measure)",
      machine: machine.name, bandwidthBytesPerSecond: machine.memory.bandwidthBytesPerSecond,
      data:
        "\(seen.count) kernel timings at head dimensions 64 and 128, 4,096 and 16,384 tokens; held out: 8,192 and 32,768 tokens, and head dimension 96",
      heldOut: ModelError(predicted.map { ($0.predictedSeconds, $0.measuredSeconds) }))
    machine.kernels = set
    self.machine = machine
  }

  private static func describe(_ host: HostMachine, _ roofline: Roofline, latency: Double)
    -> HardwareDescription
  {
    let bandwidth = roofline.memory.median
    let cache = roofline.levels.dropLast().last
    return HardwareDescription(
      name: "local",
      title: "\(host.processor), \(roofline.threads) threads, \(roofline.instructionSet.rawValue)",
      device: nil, kind: .cpu, computeUnits: Double(roofline.threads),
      memory: .init(
        capacityBytes: Double(host.memoryBytes), bandwidthBytesPerSecond: bandwidth, sectorBytes: 64,
        lineBytes: 64,
        latencyNs: latency, maxOutstandingBytes: bandwidth * latency * 1e-9),
      lastLevelCache: cache.map {
        .init(
          bytes: Double(host.lastLevelCacheBytes ?? $0.workingSetBytes),
          bandwidthBytesPerSecond: $0.readBytesPerSecond.median)
      },
      peakOperationsPerSecond: ["f32": roofline.operationsPerSecond.median], hostLink: nil, launchScale: 1,
      kernels: nil, digest: "")
  }

  private static func fit(_ cases: [LocalCase], _ machine: HardwareDescription) -> KernelSet {
    let rowBytes = Set(fitted.map(\.headDim)).sorted().map { Double($0 * 2) }
    func set(_ values: [Double]) -> KernelSet {
      KernelSet(
        name: "local", title: "this project's kernels on this machine", launchesAhead: false,
        computeEfficiency: min(values[1], 1),
        dense: .init(launchNs: 0, latencyNs: 0, streamEfficiency: values[0]),
        sparse: .init(
          launchNs: 0, splitSelectLaunchNs: 0, latencyNs: 0, streamEfficiency: values[2],
          gatherEfficiency: zip(rowBytes, values[4...]).map { .init(rowBytes: $0, efficiency: $1) },
          selectPasses: values[3], serialNsPerToken: 0))
    }
    let start = [0.8, 0.25, 0.7, 5] + rowBytes.map { _ in 0.4 }
    let values = LeastSquares().fit(start: start) { values in
      let model = CostModel(machine: machine, kernels: set(values))
      return cases.map {
        log(model.time($0.load, batch: Double($0.threads)).nanoseconds * 1e-9 / $0.seconds)
      }
    }
    return set(values)
  }
}
