/// A machine as its data sheet gives it: what a cost model knows of it before anything is measured.
public struct HardwareDescription: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable { case gpu, cpu }

  public struct Memory: Sendable, Equatable {
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
  /// SHA-256 of the file's text, lower-case hexadecimal.
  public var digest: String

  /// Of the 16-bit types, which decode kernels compute in where the machine has one of them.
  public var peakOperations: Double {
    peakOperationsPerSecond["f16"] ?? peakOperationsPerSecond["bf16"] ?? peakOperationsPerSecond["f32"]
      ?? .infinity
  }

  /// Bytes per second that reach the processor when so many may be under way.
  public var reachableBandwidth: Double {
    guard let latency = memory.latencyNs, let outstanding = memory.maxOutstandingBytes else {
      return memory.bandwidthBytesPerSecond
    }
    return min(memory.bandwidthBytesPerSecond, outstanding / (latency * 1e-9))
  }
}
