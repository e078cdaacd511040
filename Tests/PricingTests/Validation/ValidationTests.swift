import Foundation
import Testing

@testable import Pricing

@Suite struct ValidationTests {
  private static let validation = Result {
    Validation(
      try MeasurementTable(path: Machines.path("measurements/sparq.csv")),
      machines: try ["a100-40gb", "a10g"].map { try HardwareDescription(path: Machines.path($0 + ".yaml")) })
  }

  /// Naive: sort, and take by hand.
  @Test func errorsAreRelative() {
    let error = ModelError([(11, 10), (8, 10), (10, 10), (13, 10), (10, 5)])
    #expect(abs(error.median - 0.2) < 1e-12)
    // Ranks 0, 0.1, 0.2, 0.3, 1: the 90th percentile is six tenths of the way from the fourth to the fifth.
    #expect(abs(error.p90 - 0.72) < 1e-12)
    #expect(abs(error.signedMean - 0.24) < 1e-12)
    #expect(error.cases == 5)
  }

  /// Times that the model itself made, with parameters that differ from where the fit starts, are fitted.
  @Test func theFitFindsWhatMadeTheTimes() throws {
    let machine = try HardwareDescription(path: Machines.path("a100-40gb.yaml"))
    let fit = KernelFit(machines: [machine])
    let truth = try KernelSet(path: Machines.path("kernels/compiled.yaml"))
    let rows = try MeasurementTable(path: Machines.path("measurements/sparq.csv")).rows.filter {
      $0.device == machine.device && ($0.kernel == "attn-compiled" || $0.kernel == "sparq-attn-compiled")
    }
    let made = rows.map { row in
      var made = row
      made.seconds = fit.seconds(truth, row)
      return made
    }
    let found = fit.fit(made)
    let worst = made.map { abs(fit.seconds(found, $0) / $0.seconds - 1) }.max() ?? 1
    #expect(worst < 0.005)
    let (dense, sparse) = (found.dense.kernel.streamEfficiency, found.sparse.streamEfficiency)
    #expect(abs(dense - truth.dense.kernel.streamEfficiency) < 0.01)
    #expect(abs(sparse - truth.sparse.streamEfficiency) < 0.01)
  }

  /// The bars that the model is held to; the numbers are the same on every machine.
  @Test func theModelPredictsWhatItDidNotSee() throws {
    let validation = try Self.validation.get()
    let dense = validation.denseKernels.flatMap { validation.outcomes(sparse: nil, dense: $0) }
    let denseError = ModelError(dense.flatMap(\.cases).map { ($0.predictedSeconds, $0.measuredSeconds) })
    #expect(denseError.median <= 0.10)
    let sparse = validation.pairs.flatMap { validation.outcomes(sparse: $0.sparse, dense: $0.dense) }
    let speedUpError = ModelError(sparse.flatMap(\.cases).compactMap(\.speedUps))
    #expect(speedUpError.median <= 0.20)
    let (right, decided) = sparse.reduce((0, 0)) { ($0.0 + $1.sideRight, $0.1 + $1.decided) }
    let share = Double(right) / Double(decided)
    #expect(share >= 0.95)
    #expect(decided > 1000)
  }

  /// A fit that is told other times predicts other times: what it predicts hangs on what it was fitted to alone.
  @Test func predictedMeasurementsAreNotFitted() throws {
    let table = try MeasurementTable(path: Machines.path("measurements/sparq.csv"))
    let machines = try ["a100-40gb", "a10g"].map {
      try HardwareDescription(path: Machines.path($0 + ".yaml"))
    }
    func longPredictions(scaling factor: Double) throws -> [Double] {
      let rows = table.rows.map { row in
        var row = row
        if row.tokens > Validation.fittedTokens { row.seconds *= factor }
        return row
      }
      let validation = Validation(rows: rows, machines: machines)
      let outcomes = validation.outcomes(sparse: "sparq-attn-triton", dense: "attn-torch")
      return outcomes.first { $0.split.contains("longer") }?.cases.map(\.predictedSeconds) ?? []
    }
    let before = try longPredictions(scaling: 1)
    #expect(!before.isEmpty)
    #expect(try longPredictions(scaling: 3) == before)
  }

  /// The bundled set is what its file says it is: the fit to all of the A100's measurements.
  @Test(arguments: [("triton", "attn-torch"), ("compiled", "attn-compiled"), ("torch", "attn-torch")])
  func theBundledSetsAreTheFits(name: String, dense: String) throws {
    let validation = try Self.validation.get()
    let found = validation.fitted(sparse: "sparq-attn-\(name)", dense: dense, device: "NVIDIA A100-SXM4-40GB")
    let bundled = try KernelSet(path: Machines.path("kernels/\(name).yaml"))
    func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 2e-3 * max(abs(a), abs(b), 1) }
    #expect(near(found.sparse.launchNs, bundled.sparse.launchNs))
    #expect(near(found.dense.launchNs, bundled.dense.launchNs))
    #expect(near(found.sparse.selectPasses, bundled.sparse.selectPasses))
    #expect(near(found.sparse.serialNsPerToken, bundled.sparse.serialNsPerToken))
    let outcomes = validation.outcomes(sparse: "sparq-attn-\(name)", dense: dense)
    let here = outcomes.filter { $0.fittedOn == "a100-40gb" && $0.predicted == "a100-40gb" }.flatMap(\.cases)
      .filter {
        $0.rank != nil
      }
    let error = ModelError(here.map { ($0.predictedSeconds, $0.measuredSeconds) })
    let machine = try HardwareDescription(path: Machines.path("a100-40gb.yaml"))
    #expect(near(error.median, try #require(bundled.calibration?.error(of: .tokens, on: machine)?.median)))
    #expect(bundled.calibration?.error(of: .pages, on: machine) == nil)
  }

  @Test func aClaimIsPricedOverWhatItLeavesOpen() throws {
    let machines = try ["a100-80gb"].map { try HardwareDescription(path: Machines.path($0 + ".yaml")) }
    let sets = [try KernelSet(path: Machines.path("kernels/triton.yaml"))]
    let points = PublishedClaim.fasaC.points(machines, sets, batches: [1, 4, 16])
    let speedUps = points.map(\.attention)
    #expect(speedUps == speedUps.sorted())
    #expect(points[0].fits && !points[2].fits)
  }

  /// Seven of Quest's own figures, none of them fitted.
  @Test func questsKernelsArePredicted() throws {
    let calls = try QuestKernels(
      path: Machines.path("measurements/quest-kernels.csv"),
      machine: try HardwareDescription(path: Machines.path("rtx-4090.yaml")),
      kernels: try KernelSet(path: Machines.path("kernels/vllm.yaml")))
    #expect(calls.cases.count == 7)
    #expect(calls.cases.compactMap(\.full).count == 6)
    let error = QuestKernels.error(calls.cases.map(\.speedUp))
    #expect(error.median < 0.35)
    #expect(QuestKernels.publishedTopK.contains(calls.topKMicroseconds))
  }

  /// The whole of a decoded token, with kernels that were fitted to none of these 30 published times.
  @Test func questsSpeedUpsArePredicted() throws {
    let times = try QuestTimes(
      path: Machines.path("measurements/quest-end-to-end.csv"),
      machine: try HardwareDescription(path: Machines.path("rtx-6000-ada.yaml")),
      kernels: try KernelSet(path: Machines.path("kernels/vllm.yaml")))
    #expect(times.cases.count == 30)
    #expect(times.speedUps.count == 24)
    #expect(ModelError(times.speedUps).median < 0.1)
    #expect(times.error(full: true).median < 0.15)
    #expect(times.error(full: false).median < 0.15)
  }
}
