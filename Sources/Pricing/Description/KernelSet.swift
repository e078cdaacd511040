import Attention
import Foundation

/// How one implementation of decode attention uses a machine: shares of what the data sheet promises, and what it
/// costs before a byte is moved. Fitted to measurements, or said to be assumed.
public struct KernelSet: Sendable, Equatable {
  /// Attention over rows that lie side by side: dense, or over what an evicting policy kept.
  public struct Dense: Sendable, Equatable {
    /// Of a step of one layer: what the host takes to launch its kernels.
    public var launchNs: Double
    /// What the kernels take beside moving bytes.
    public var latencyNs: Double
    /// Of the memory's bandwidth.
    public var streamEfficiency: Double
  }

  /// Score, choose, gather and attend.
  public struct Sparse: Sendable, Equatable {
    public var launchNs: Double
    /// More launches where a top-k is split over several blocks.
    public var splitSelectLaunchNs: Double
    public var latencyNs: Double
    public var streamEfficiency: Double
    /// Of the memory's bandwidth, by bytes of a row; between them, on a logarithmic scale.
    public var gatherEfficiency: [Point]
    /// Bytes that softmax and top-k move, for each byte of a 16-bit score.
    public var selectPasses: Double
    /// Of each score, however many rows: what a row handled by one block waits for.
    public var serialNsPerToken: Double
  }

  public struct Point: Sendable, Equatable {
    public var rowBytes: Double
    public var efficiency: Double

    public init(rowBytes: Double, efficiency: Double) {
      self.rowBytes = rowBytes
      self.efficiency = efficiency
    }
  }

  public var name: String
  public var title: String
  /// Whether the host launches ahead of the device, so that the longer of the two counts; else both do.
  public var launchesAhead: Bool
  /// Of the peak operations.
  public var computeEfficiency: Double
  public var dense: Dense
  public var sparse: Sparse
  /// Nil where the numbers are assumed.
  public var calibration: KernelCalibration?
  /// SHA-256 of the text that it was read from.
  public var digest: String = ""

  public func gatherEfficiency(rowBytes: Double) -> Double {
    let points = sparse.gatherEfficiency
    guard let above = points.firstIndex(where: { $0.rowBytes >= rowBytes }) else {
      return points.last?.efficiency ?? 1
    }
    guard above > 0 else { return points[0].efficiency }
    let (low, high) = (points[above - 1], points[above])
    let share = log2(rowBytes / low.rowBytes) / log2(high.rowBytes / low.rowBytes)
    return low.efficiency + share * (high.efficiency - low.efficiency)
  }
}

/// What a kernel set was fitted to, and how far it was off on measurements that the fit did not see.
public struct KernelCalibration: Sendable, Equatable {
  public var method: String
  /// The machine's name, as descriptions have it.
  public var machine: String
  /// That machine's memory's: an edited description is another machine.
  public var bandwidthBytesPerSecond: Double
  public var data: String
  /// On the machine of the fit.
  public var heldOut: ModelError
  /// On another machine, of which only the data sheet and the launch scale were known; nil where none was measured.
  public var otherMachine: ModelError?

  public init(
    method: String, machine: String, bandwidthBytesPerSecond: Double, data: String, heldOut: ModelError,
    otherMachine: ModelError? = nil
  ) {
    self.method = method
    self.machine = machine
    self.bandwidthBytesPerSecond = bandwidthBytesPerSecond
    self.data = data
    self.heldOut = heldOut
    self.otherMachine = otherMachine
  }
}

/// Relative error of predictions: (predicted − measured) / measured.
public struct ModelError: Sendable, Equatable, Codable {
  public var median: Double
  public var p90: Double
  public var signedMean: Double
  public var cases: Int

  public init(median: Double, p90: Double, signedMean: Double, cases: Int) {
    self.median = median
    self.p90 = p90
    self.signedMean = signedMean
    self.cases = cases
  }

  /// - Parameter pairs: predicted and measured times in one unit.
  public init(_ pairs: [(predicted: Double, measured: Double)]) {
    let errors = pairs.map { $0.predicted / $0.measured - 1 }
    let sizes = errors.map(abs).sorted()
    median = Quantile.of(0.5, sorted: sizes)
    p90 = Quantile.of(0.9, sorted: sizes)
    signedMean = errors.isEmpty ? .nan : errors.reduce(0, +) / Double(errors.count)
    cases = errors.count
  }
}
