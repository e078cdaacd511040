import Kernels
import Machine
import Pricing

extension MachineFit {
  private typealias Shape = (headDim: Int, tokens: Int)

  private static let fittedShapes: [Shape] = [(64, 4096), (64, 16_384), (128, 4096), (128, 16_384)]
  /// Other lengths, and a head dimension between those that are fitted.
  private static let heldOutShapes: [Shape] = [
    (64, 8192), (128, 8192), (64, 32_768), (128, 32_768), (96, 4096), (96, 16_384),
  ]
  /// Of all shapes in turn; each is as fast as in its fastest pass, so that a busy moment does not count.
  private static let passes = 4

  /// Measures this machine, which takes about a minute.
  ///
  /// - Parameter progress: parts done, and how many there are.
  public init(kernels: Kernels, threads: Int, progress: ((Int, Int) -> Void)? = nil) {
    // In turn, so that a slow moment meets both.
    let shapes = Self.heldOutShapes.enumerated().flatMap { place, shape in
      place < Self.fittedShapes.count ? [Self.fittedShapes[place], shape] : [shape]
    }
    let parts = 2 + Self.passes * shapes.count
    progress?(0, parts)
    let roofline = Roofline.measure(kernels, threads: threads)
    progress?(1, parts)
    let measured = MeasuredMachine(
      .current, roofline, latency: LoadLatency.measure(), start: ThreadStart.measure(threads: threads))
    var fastest: [String: MeasuredCall] = [:]
    for pass in 0..<Self.passes {
      for (place, shape) in shapes.enumerated() {
        progress?(2 + pass * shapes.count + place, parts)
        var benchmark = KernelBenchmark(kernels: kernels, roofline: roofline)
        benchmark.headDim = shape.headDim
        benchmark.secondsEach = 0.05
        for call in benchmark.run(tokens: shape.tokens, only: FittedKernels.all).compactMap(MeasuredCall.init)
        {
          if call.seconds < fastest[call.name]?.seconds ?? .infinity { fastest[call.name] = call }
        }
      }
    }
    progress?(parts, parts)
    let calls = fastest.values.sorted { $0.name < $1.name }
    func ofShapes(_ shapes: [Shape]) -> [MeasuredCall] {
      calls.filter { call in shapes.contains { $0 == (call.headDim, call.tokens) } }
    }
    let fitted = ofShapes(Self.fittedShapes)
    self.init(
      measured, fitted: fitted, heldOut: ofShapes(Self.heldOutShapes),
      method:
        "least squares on the logarithm of kernel times, soft absolute loss (fasa-sim hardware measure)",
      data:
        "\(fitted.count) kernel timings at head dimensions 64 and 128, 4,096 and 16,384 tokens; held out: 8,192 and 32,768 tokens, and head dimension 96"
    )
  }
}

extension MeasuredMachine {
  fileprivate init(_ host: HostMachine, _ roofline: Roofline, latency: Double, start: Double) {
    self.init(
      title: "\(host.processor), \(roofline.threads) threads, \(roofline.instructionSet.rawValue)",
      threads: roofline.threads, capacityBytes: Double(host.memoryBytes),
      bandwidth: roofline.memory.median, latencyNs: latency,
      lastLevelCache: roofline.levels.dropLast().last.map {
        (Double(host.lastLevelCacheBytes ?? $0.workingSetBytes), $0.readBytesPerSecond.median)
      },
      operationsPerSecond: roofline.operationsPerSecond.median, startSeconds: start)
  }
}
