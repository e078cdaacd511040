import Foundation

extension KernelSet {
  /// Attention over rows that lie side by side: dense, or over what an evicting policy kept.
  public struct Dense: Sendable, Equatable {
    /// Of a step of one layer: what the host takes to launch its kernels.
    public var launchNs: Double
    /// Where no set is of the machine or of its kind of memory.
    public var kernel: DenseKernel
    /// Of measured machines, and of kinds of memory; empty where one kernel stands for all.
    public var sets: [DenseSet] = []
  }

  /// How one dense kernel uses a machine.
  public struct DenseKernel: Sendable, Equatable {
    /// What it takes beside moving bytes.
    public var latencyNs: Double
    /// Of the memory's bandwidth.
    public var streamEfficiency: Double
    /// Nil where however few rows are taken to keep the whole machine busy.
    public var blocks: Blocks?
    /// Of the last-level cache, that keeps what a benchmark reads again at once; nil where that was not measured.
    public var cacheShare: Double?
  }

  /// A row of one KV head is split over blocks, so that few long rows leave most of the machine idle.
  public struct Blocks: Sendable, Equatable {
    /// What all units together take, over the memory's bandwidth.
    public var rate: Double
    /// That a row is split over at most.
    public var splits: Double

    /// The share of a machine's units that so many rows keep busy, with a soft corner where they are as many as it has.
    func busy(rows: Double, units: Double) -> Double {
      pow(pow(rows * splits / units, -DenseKernel.corner) + 1, -1 / DenseKernel.corner)
    }
  }

  /// What a dense price stands on: kernels of the machine itself, or those of its kind of memory, for such rows; or kernels
  /// for rows of another width or grouping, or of another memory.
  public enum DenseOrigin: Sendable { case machine, memory, otherRows }

  /// A kernel for caches of one kind, on one machine or on all with one kind of memory.
  public struct DenseSet: Sendable, Equatable {
    public enum Place: Sendable, Equatable {
      case machine(String)
      case memory(HardwareDescription.MemoryKind, inlineECC: Bool)
    }

    public var place: Place
    /// As its engine calls it; nil of an inherited one.
    public var name: String?
    public var cacheBits: Double
    public var headDim: Double
    /// Whether a KV head has several query heads.
    public var isGrouped: Bool
    public var kernel: DenseKernel
  }
}

extension KernelSet.DenseKernel {
  /// Of the corner between what the memory and what the blocks take: both as long make 19 % more than one.
  static let corner = 4.0
  /// How sharply what is read again falls out of the cache as it grows.
  private static let cacheEdge = 8.0

  /// The share of so many bytes that the last-level cache serves where they are read again at once.
  func servedAgain(bytes: Double, cacheBytes: Double) -> Double {
    guard let cacheShare, bytes > 0 else { return 0 }
    return 1 / (1 + pow(bytes / (cacheShare * cacheBytes), Self.cacheEdge))
  }
}

extension KernelSet.Dense {
  /// The kernel that attends to a cache on a machine: of the sets for the machine or its memory the one whose width of
  /// a number, grouping and head dimension are nearest, in this order.
  public func kernel(for rows: CacheRows, on machine: HardwareDescription) -> KernelSet.DenseKernel {
    nearest(rows, machine)?.kernel ?? kernel
  }

  /// Where the kernel for such rows was measured.
  public func origin(of rows: CacheRows, on machine: HardwareDescription) -> KernelSet.DenseOrigin {
    guard let set = nearest(rows, machine) else { return sets.isEmpty ? .machine : .otherRows }
    guard set.cacheBits == rows.bits, set.headDim == rows.headDim, set.isGrouped == rows.isGrouped else {
      return .otherRows
    }
    if case .machine = set.place { return .machine }
    return .memory
  }

  private func nearest(_ rows: CacheRows, _ machine: HardwareDescription) -> KernelSet.DenseSet? {
    sets.compactMap { set in distance(set, rows, machine).map { (set, $0) } }.min { $0.1 < $1.1 }?.0
  }

  /// Nil where the set is of another machine. Another kind of memory's set is nearer than one for half as wide numbers
  /// or for another grouping, and farther than one for half as wide a head.
  private func distance(_ set: KernelSet.DenseSet, _ rows: CacheRows, _ machine: HardwareDescription)
    -> Double?
  {
    let away: Double
    switch set.place {
    case .machine(let name):
      guard name == machine.name else { return nil }
      away = 0
    case .memory(let kind, let inlineECC):
      guard kind == machine.memory.kind else { return nil }
      away = 2 + (inlineECC == machine.memory.hasInlineECC ? 0 : 0.5)
    }
    return away + 8 * abs(log2(set.cacheBits / rows.bits)) + (set.isGrouped == rows.isGrouped ? 0 : 4)
      + abs(log2(set.headDim / rows.headDim))
  }
}

/// The rows of keys and values that a step of one layer attends to.
public struct CacheRows: Sendable, Equatable {
  /// KV heads of a sequence.
  public var perSequence: Double
  /// Of a number.
  public var bits: Double
  public var headDim: Double
  /// Whether a KV head has several query heads.
  public var isGrouped: Bool

  public init(perSequence: Double, bits: Double, headDim: Double, isGrouped: Bool) {
    self.perSequence = perSequence
    self.bits = bits
    self.headDim = headDim
    self.isGrouped = isGrouped
  }
}
