import Testing

@testable import Pricing

/// A machine's own kernels, fitted to times that were computed by hand.
@Suite struct MachineFitTests {
  /// 10 GB/s, which is 1,000 bytes under way for 100 ns; 100 GFLOP/s.
  static let machine = MeasuredMachine(
    title: "a processor", threads: 4, capacityBytes: 64e9, bandwidth: 1e10, latencyNs: 100,
    lastLevelCache: (bytes: 32e6, bandwidth: 5.1234567e10), operationsPerSecond: 1e11,
    startSeconds: 1.23456e-5)

  private static let shapes = [(64, 4096.0), (128, 4096.0), (64, 16_384.0), (128, 16_384.0)]
  private static let otherShapes = [(64, 8192.0), (96, 8192.0)]

  private enum Kind: String, CaseIterable { case dense, busy, score, gather, select }

  /// Of the bandwidth dense kernels reach 60 %, scores 50 % and gathered rows 20 or 25 %, by their bytes; of the operations
  /// 30 % are reached; a top-k moves four passes of two bytes.
  private static func call(_ kind: Kind, headDim: Int, tokens: Double) -> MeasuredCall {
    var load = StepLoad()
    let bytes = tokens * Double(headDim) * 2
    let seconds: Double
    switch kind {
    case .dense:
      load.attend = [Access(bytes: bytes)]
      seconds = 4 * bytes / (0.6 * 1e10)
    case .busy:
      load.attend = [Access(bytes: 1)]
      load.attendOperations = 100 * bytes
      seconds = 4 * 100 * bytes / (0.3 * 1e11)
    case .score:
      load.chooses = true
      load.score = [Access(bytes: bytes)]
      seconds = 4 * bytes / (0.5 * 1e10)
    case .gather:
      load.chooses = true
      load.attend = [Access(bytes: bytes, pieceBytes: Double(headDim * 2))]
      // On a logarithmic scale 96 channels lie log2(1.5) of the way from 64 to 128.
      let shares: [Int: Double] = [64: 0.2, 96: 0.2 + 0.05 * 0.584_962_500_7, 128: 0.25]
      let share = shares[headDim] ?? 0
      seconds = 4 * bytes / (share * 1e10)
    case .select:
      load.chooses = true
      load.candidates = tokens
      seconds = 4 * 2 * 4 * tokens / 1e10
    }
    return MeasuredCall(
      kernel: kind.rawValue, tokens: Int(tokens), headDim: headDim, threads: 4, seconds: seconds, load: load)
  }

  private static func calls(_ shapes: [(Int, Double)], slower factor: Double = 1) -> [MeasuredCall] {
    shapes.flatMap { headDim, tokens in
      Kind.allCases.map { kind in
        let made = call(kind, headDim: headDim, tokens: tokens)
        return MeasuredCall(
          kernel: made.kernel, tokens: made.tokens, headDim: headDim, threads: 4,
          seconds: made.seconds * factor, load: made.load)
      }
    }
  }

  static func fit(heldOutSlower factor: Double = 1) -> MachineFit {
    MachineFit(
      machine, fitted: calls(shapes), heldOut: calls(otherShapes, slower: factor), method: "by hand",
      data: "made up")
  }

  @Test func theFitFindsWhatMadeTheTimes() throws {
    let set = try #require(Self.fit().machine.kernels)
    func near(_ found: Double, _ truth: Double) -> Bool { abs(found / truth - 1) < 0.002 }
    #expect(near(set.dense.kernel.streamEfficiency, 0.6) && near(set.computeEfficiency, 0.3))
    #expect(near(set.sparse.streamEfficiency, 0.5) && near(set.sparse.selectPasses, 4))
    #expect(set.sparse.gatherEfficiency.map(\.rowBytes) == [128, 256])
    #expect(near(set.sparse.gatherEfficiency[0].efficiency, 0.2))
    #expect(near(set.sparse.gatherEfficiency[1].efficiency, 0.25))
    // Starting threads is part of every step, and of none of the calls; four digits are told.
    #expect(set.dense.launchNs == 12_350 && set.sparse.launchNs == 12_350 && !set.launchesAhead)
  }

  @Test func otherShapesArePredicted() throws {
    let fit = Self.fit()
    #expect(fit.predictions.count == 10 && fit.error.cases == 10 && fit.error.p90 < 0.005)
    #expect(
      fit.predictions.map(\.chooses) == [false, false, true, true, true, false, false, true, true, true])
    #expect(Set(fit.predictions.map(\.headDim)) == [64, 96])
  }

  /// Where what is held out takes twice as long, half of it is predicted, of either kind of price.
  @Test func errorsAreToldByKind() throws {
    let fit = Self.fit(heldOutSlower: 2)
    #expect(abs(fit.error.median - 0.5) < 0.005 && abs(fit.error.signedMean + 0.5) < 0.005)
    let calibration = try #require(fit.machine.kernels?.calibration)
    #expect(calibration.method == "by hand" && calibration.data == "made up")
    #expect(calibration.isFitted(to: fit.machine))
    let kinds = calibration.errors
    #expect(kinds.map(\.kind) == [.dense, .tokens] && kinds.map(\.error.cases) == [4, 6])
    #expect(kinds.allSatisfy { abs($0.error.median - 0.5) < 0.005 })
  }

  @Test func theDescriptionIsWhatWasMeasured() throws {
    let machine = Self.fit().machine
    #expect(machine.name == "local" && machine.title == "a processor" && machine.kind == .cpu)
    #expect(machine.computeUnits == 4 && machine.memory.capacityBytes == 64e9)
    #expect(machine.memory.latencyNs == 100 && machine.memory.maxOutstandingBytes == 1000)
    #expect(machine.lastLevelCache?.bandwidthBytesPerSecond == 5.12346e10 && machine.hostLink == nil)
    #expect(abs(machine.reachableBandwidth - 1e10) < 1 && machine.peakOperations == 1e11)
    // A file of it is read as it was.
    let read = try HardwareDescription(yaml: machine.yaml(), file: "local.yaml")
    #expect(read.kernels?.dense == machine.kernels?.dense && read.kernels?.sparse == machine.kernels?.sparse)
    #expect(read.memory == machine.memory)
  }
}
