import Attention
import Foundation

/// How one implementation of decode attention uses a machine: shares of what the data sheet promises, and what it
/// costs before a byte is moved. Fitted to measurements, or said to be assumed.
public struct KernelSet: Sendable, Equatable {
  /// Score, choose, gather and attend.
  public struct Sparse: Sendable, Equatable {
    public var launchNs: Double
    /// More launches where a top-k is split over several blocks.
    public var splitSelectLaunchNs: Double
    public var latencyNs: Double
    public var streamEfficiency: Double
    /// Of the memory's bandwidth, by bytes of a row; between them, on a logarithmic scale.
    public var gatherEfficiency: [Point]
    /// Whether the latency counts beyond the machine's dense kernel's, and gathering by the share that it reaches: where
    /// choosing was measured beside it.
    public var followsDense = false
    /// Bytes that softmax and top-k move, for each byte of a 16-bit score.
    public var selectPasses: Double
    /// Of each score, however many rows: what a row handled by one block waits for.
    public var serialNsPerToken: Double
    /// Where top-k kernels were measured by themselves: in place of the two before.
    public var rowSelect: RowSelect?
  }

  /// A top-k of which one block works through a row; rows share the units of the machine.
  public struct RowSelect: Sendable, Equatable {
    /// Of a row, and more for each of its scores.
    public var startNs: Double
    public var tokenNs: Double
    /// Of the machine's units, which a row keeps busy: from so many rows on they wait for each other.
    public var occupancy: Double
    /// Of the memory's bandwidth, at which 32-bit scores are read.
    public var efficiency: Double
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
  /// What a whole step takes beside attention; nil where only attention was measured.
  public var step: StepCosts?
  /// Nil where the numbers are assumed.
  public var calibration: KernelCalibration?
  /// SHA-256 of the text that it was read from.
  public var digest: String = ""

  /// Of the memory's bandwidth, for rows of so many bytes, where dense attention reaches a share of it too.
  public func gatherEfficiency(rowBytes: Double, dense: Double) -> Double {
    gatherShare(rowBytes: rowBytes) * (sparse.followsDense ? dense : 1)
  }

  /// What the kernels of a choosing step take beside moving bytes, where dense attention takes so much.
  public func sparseLatencyNs(dense: Double) -> Double {
    sparse.latencyNs + (sparse.followsDense ? dense : 0)
  }

  private func gatherShare(rowBytes: Double) -> Double {
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
