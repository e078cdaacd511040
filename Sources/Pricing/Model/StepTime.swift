import Attention

/// A modelled time, part by part.
public struct StepTime: Sendable, Equatable {
  /// What the time goes to.
  public enum Term: Hashable, Sendable {
    case stage(Stage)
    /// What kernels take beside moving bytes.
    case latency
    /// Waiting for the host's memory, beyond what is hidden.
    case link
    /// Waiting for kernels to be launched.
    case launch

    /// As results name it.
    public var name: String {
      switch self {
      case .stage(let stage): stage.rawValue
      case .latency: "latency"
      case .link: "link"
      case .launch: "launch"
      }
    }
  }

  public struct Part: Sendable, Equatable {
    public let term: Term
    public let nanoseconds: Double
    /// Counted bytes: whole sectors cost time, and are not counted here.
    public let bytes: Double
  }

  public let parts: [Part]

  public var nanoseconds: Double { parts.reduce(0) { $0 + $1.nanoseconds } }
  public var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }

  public func nanoseconds(_ term: Term) -> Double {
    parts.filter { $0.term == term }.reduce(0) { $0 + $1.nanoseconds }
  }
}
