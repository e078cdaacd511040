/// A machine as its data sheet gives it: what a cost model knows of it before anything is measured.
public struct HardwareDescription: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable { case gpu, cpu }

  /// Kernels use a kind of memory alike, on machines of one maker.
  public enum MemoryKind: String, Sendable, CaseIterable { case hbm, gddr, lpddr, ddr }

  public struct Memory: Sendable, Equatable {
    /// Nil where a description does not say.
    public var kind: MemoryKind?
    /// Whether error correction lies in the memory itself and takes bandwidth from it.
    public var hasInlineECC = false
    public var capacityBytes: Double
    public var bandwidthBytesPerSecond: Double
    /// The least that a scattered read moves.
    public var sectorBytes: Double
    public var lineBytes: Double
    /// Of one load, unloaded.
    public var latencyNs: Double?
    /// What can be under way at once; with the latency it bounds the bandwidth (Little's law).
    public var maxOutstandingBytes: Double?
  }

  public struct Cache: Sendable, Equatable {
    public var bytes: Double
    public var bandwidthBytesPerSecond: Double?
  }

  /// The way to the host's memory; nil where there is one memory.
  public struct Link: Sendable, Equatable {
    public var name: String
    public var bandwidthBytesPerSecond: Double
    /// Of one read; nil where none is published, which then costs nothing.
    public var latencyNs: Double?
    /// Of one transaction: what it carries at most, and what it adds.
    public var payloadBytes: Double
    public var headerBytes: Double
  }

  public var name: String
  public var title: String
  /// As tables of measurements name it.
  public var device: String?
  public var kind: Kind
  /// `nvidia`, `amd` and so on: kernels of one maker's machines tell nothing of another's. Nil where it is not said.
  public var maker: String?
  /// Streaming multiprocessors, compute units or cores.
  public var computeUnits: Double?
  public var memory: Memory
  public var lastLevelCache: Cache?
  /// Operations per second, two a multiply-add, by element type.
  public var peakOperationsPerSecond: [String: Double]
  public var hostLink: Link?
  /// How much longer than on the machine that kernels were fitted to the host takes to launch them.
  public var launchScale: Double
  /// Kernels measured on this very machine; nil where a kernel set serves it.
  public var kernels: KernelSet?
  /// The kernel set that serves it where none is named; nil for the default.
  public var kernelSet: String?
  /// SHA-256 of the file's text, lower-case hexadecimal.
  public var digest: String

  /// Of the 16-bit types, which decode kernels compute in where the machine has one of them.
  public var peakOperations: Double {
    peakOperationsPerSecond["f16"] ?? peakOperationsPerSecond["bf16"] ?? peakOperationsPerSecond["f32"]
      ?? .infinity
  }

  /// Products with weights of eight bits are computed in eight bits where the machine can; those of fewer are unpacked to
  /// 16.
  func peakOperations(weightBits: Double) -> Double {
    weightBits == 8 ? peakOperationsPerSecond["f8"] ?? peakOperations : peakOperations
  }

  /// Bytes per second that reach the processor when so many may be under way.
  public var reachableBandwidth: Double {
    guard let latency = memory.latencyNs, let outstanding = memory.maxOutstandingBytes else {
      return memory.bandwidthBytesPerSecond
    }
    return min(memory.bandwidthBytesPerSecond, outstanding / (latency * 1e-9))
  }
}
