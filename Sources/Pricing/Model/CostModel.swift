import Attention
import Foundation

/// Modelled time of a decode step's attention on a described machine with a described set of kernels.
///
/// Each stage takes the longer of its bytes over the bandwidth that its pattern reaches and its operations over the
/// peak that kernels reach. A GPU's host launches ahead, so that the longer of launching and working counts, with a
/// soft corner between them; a processor pays both. docs/hardware.md tells of the terms.
public struct CostModel: Sendable {
  public let machine: HardwareDescription
  public let kernels: KernelSet

  /// Of the corner between launching and working: both as long make 9 % more than one.
  private static let corner = 8.0

  public init(machine: HardwareDescription, kernels: KernelSet) {
    self.machine = machine
    self.kernels = kernels
  }

  /// SHA-256 over the digests of both files, lower-case hexadecimal.
  public var digest: String { HardwareFile.digest(machine.digest + kernels.digest) }

  /// Of one layer's step for `batch` sequences.
  public func time(_ load: StepLoad, batch: Double) -> StepTime {
    var parts: [StepTime.Part] = []
    func add(_ term: StepTime.Term, _ seconds: Double, bytes: Double = 0) {
      guard seconds > 0 || bytes > 0 else { return }
      parts.append(.init(term: term, nanoseconds: seconds * 1e9, bytes: bytes))
    }
    let stages: [(Stage, [Access], Double)] = [
      (.upkeep, load.upkeep, 0), (.score, load.score, load.scoreOperations),
      (.attend, load.attend, load.attendOperations),
    ]
    let dense = kernels.dense.kernel(for: load.cache, on: machine)
    let streaming = load.chooses ? kernels.sparse.streamEfficiency : dense.streamEfficiency
    for (stage, accesses, operations) in stages {
      let onDevice = accesses.filter { !isRemote($0) }
      var moving = onDevice.reduce(0) {
        $0 + seconds($1, batch: batch, streaming: streaming, dense.streamEfficiency)
      }
      if stage == .attend { moving = attending(moving, onDevice, load, dense, batch: batch) }
      let computing = operations * batch / (machine.peakOperations * kernels.computeEfficiency)
      add(.stage(stage), max(moving, computing), bytes: counted(onDevice) * batch)
    }
    let overhead = load.chooses ? kernels.sparseLatencyNs(dense: dense.latencyNs) : dense.latencyNs
    add(.latency, overhead * 1e-9)
    if load.chooses {
      add(.stage(.select), selectSeconds(load, batch: batch), bytes: counted(load.select) * batch)
    }
    let device = parts.reduce(0) { $0 + $1.nanoseconds } * 1e-9
    let remote = [load.upkeep, load.score, load.attend].joined().filter(isRemote)
    let link = linkSeconds(Array(remote), batch: batch)
    add(.link, load.prefetches ? max(0, link - device) : link, bytes: counted(Array(remote)) * batch)
    let working = device + (load.prefetches ? max(0, link - device) : link)
    add(.launch, whole(working: working, launching: launchSeconds(load, batch: batch)) - working)
    return StepTime(parts: parts)
  }

  /// Where there is one memory, the host's rows are read like any other's.
  private func isRemote(_ access: Access) -> Bool { access.isOnHost && machine.hostLink != nil }

  func counted(_ accesses: [Access]) -> Double {
    accesses.reduce(0) { $0 + $1.bytes + $1.againBytes }
  }

  private func seconds(_ access: Access, batch: Double, streaming: Double, _ dense: Double) -> Double {
    let efficiency =
      access.pieceBytes.map { kernels.gatherEfficiency(rowBytes: $0, dense: dense) } ?? streaming
    let factor = access.sectorFactor(machine.memory.sectorBytes)
    let first = access.bytes * batch * factor / (machine.reachableBandwidth * efficiency)
    return first + access.againBytes * batch * factor / (againBandwidth(access, batch: batch) * efficiency)
  }

  /// Where heads of a group read again what one of them has just read.
  private func againBandwidth(_ access: Access, batch: Double) -> Double {
    guard let cache = machine.lastLevelCache, access.bytes * batch <= cache.bytes,
      let bandwidth = cache.bandwidthBytesPerSecond
    else { return machine.reachableBandwidth }
    return max(bandwidth, machine.reachableBandwidth)
  }

  private func launchSeconds(_ load: StepLoad, batch: Double) -> Double {
    guard load.chooses else { return kernels.dense.launchNs * machine.launchScale * 1e-9 }
    let splits = TopKSplit.splits(rows: load.rows * batch, length: load.candidates / max(load.rows, 1))
    let extra = splits ? kernels.sparse.splitSelectLaunchNs : 0
    return (kernels.sparse.launchNs + extra) * machine.launchScale * 1e-9
  }

  private func whole(working: Double, launching: Double) -> Double {
    guard kernels.launchesAhead else { return working + launching }
    return Self.longer(working, launching, corner: Self.corner)
  }

  private func linkSeconds(_ accesses: [Access], batch: Double) -> Double {
    guard !accesses.isEmpty, let link = machine.hostLink else { return 0 }
    let wire = accesses.reduce(0) { sum, access in
      let bytes = (access.bytes + access.againBytes) * batch
      let payload = min(link.payloadBytes, access.pieceBytes ?? .infinity)
      return sum + bytes * (1 + link.headerBytes / payload)
    }
    return (link.latencyNs ?? 0) * 1e-9 + wire / link.bandwidthBytesPerSecond
  }
}

/// When PyTorch's `topk` splits a row over several blocks, which takes more launches: the limits that it settled on by
/// experiment (pull request 74267).
enum TopKSplit {
  private static let limits: [(rows: Double, length: Double)] = [
    (20, 20_000), (40, 10_000), (80, 8000), (199, 5000), (799, 3000), (4000, 800), (.infinity, 400),
  ]

  static func splits(rows: Double, length: Double) -> Bool {
    limits.first { rows <= $0.rows }.map { length >= $0.length } ?? true
  }
}
