/// A modelled time, part by part.
public struct StepTime: Sendable, Equatable {
  public enum Stage: String, Sendable, CaseIterable, Codable {
    case upkeep, score, select, attend
    /// What kernels take beside moving bytes.
    case latency
    /// Waiting for the host's memory, beyond what is hidden.
    case link
    /// Waiting for kernels to be launched.
    case launch
  }

  public struct Part: Sendable, Equatable {
    public let stage: Stage
    public let nanoseconds: Double
    /// Counted bytes: whole sectors cost time, and are not counted here.
    public let bytes: Double
  }

  public let parts: [Part]

  public var nanoseconds: Double { parts.reduce(0) { $0 + $1.nanoseconds } }
  public var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }

  public func nanoseconds(_ stage: Stage) -> Double {
    parts.filter { $0.stage == stage }.reduce(0) { $0 + $1.nanoseconds }
  }
}
