import Foundation

/// What `fasa-live` reports of a live model's run: a text by several policies, or keys asked for.
///
/// The form is that of its `--json`.
public struct LiveRun: Decodable, Sendable {
  public enum Task: String, Decodable, Sendable { case text, passkey }

  public struct Model: Decodable, Sendable {
    public let name: String
    public let architecture: String
    public let weights: String
    public let sha256: String
  }

  public struct Text: Decodable, Sendable {
    public let title: String
    public let sha256: String
    public let tokensDigest: String

    enum CodingKeys: String, CodingKey {
      case title, sha256
      case tokensDigest = "tokens_sha256"
    }
  }

  /// What the run was asked to do, as far as results are found by it.
  public struct Settings: Decodable, Sendable {
    public let prompt: Int
    public let steps: Int
    public let sampling: String
    public let seed: Int?
  }

  public struct NoiseFloor: Decodable, Sendable {
    public let kl: Double
    public let logits: Double
  }

  public struct Seconds: Decodable, Sendable {
    public let gates: Double
    public let prompt: Double
    public let steps: Double
  }

  /// By metrics' names in the database; null where undefined.
  public typealias Metrics = [String: Double?]

  public struct Attention: Decodable, Sendable {
    public struct Parts: Decodable, Sendable {
      public let own: [String: [Double?]]
      public let openLoop: [String: [Double?]]?

      enum CodingKeys: String, CodingKey {
        case own
        case openLoop = "open_loop"
      }
    }

    public let calls: Int?
    public let own: Metrics
    public let openLoop: Metrics?
    public let byStep: Parts?
    public let byLayer: Parts?
    public let readBytes: Int?
    public let choices: String?

    enum CodingKeys: String, CodingKey {
      case calls, own, choices
      case openLoop = "open_loop"
      case byStep = "by_step"
      case byLayer = "by_layer"
      case readBytes = "read_bytes"
    }
  }

  public struct Means: Decodable, Sendable {
    public let nll: Double?
    public let kl: Double?
    public let interval: [Double]?
    public let flipped: Double?

    enum CodingKeys: String, CodingKey {
      case nll, kl, flipped
      case interval = "kl_interval"
    }
  }

  public struct Key: Decodable, Sendable {
    public let length: Int
    public let depth: Double
    public let number: Int
    public let seed: Int
    public let key: String
    public let contextTokens: Int
    public let found: Bool
    public let nll: Double?
    public let kl: Double?

    enum CodingKeys: String, CodingKey {
      case length, depth, number, seed, key, found, nll, kl
      case contextTokens = "context_tokens"
    }
  }

  public struct Row: Decodable, Sendable {
    public let policy: String
    public let budget: String?
    public let label: String
    public let nll: [Double]?
    public let kl: [Double?]?
    public let flipped: [Bool]?
    public let partedAt: Int?
    public let means: Means?
    public let attention: Attention?
    /// Of a passkey run.
    public let keys: [Key]?

    enum CodingKeys: String, CodingKey {
      case policy, budget, label, nll, kl, flipped, means, attention, keys
      case partedAt = "parted_at"
    }
  }

  public let task: Task
  public let engine: String
  public let model: Model
  /// Nil of a passkey run.
  public let text: Text?
  public let settings: Settings
  public let library: String
  public let noiseFloor: NoiseFloor?
  public let seconds: Seconds?
  public let rows: [Row]
  /// As they came, with their keys in order.
  public private(set) var settingsText = "{}"
  public private(set) var gatesText: String?

  enum CodingKeys: String, CodingKey {
    case task, engine, model, text, settings, library, seconds, rows
    case noiseFloor = "noise_floor"
  }

  /// - Throws: `DecodingError` where it is no such report.
  public init(json: Data) throws {
    self = try JSONDecoder().decode(Self.self, from: json)
    let tree = try JSONSerialization.jsonObject(with: json) as? [String: Any] ?? [:]
    func text(_ name: String) throws -> String? {
      guard let part = tree[name], !(part is NSNull) else { return nil }
      return String(
        decoding: try JSONSerialization.data(
          withJSONObject: part, options: [.sortedKeys, .withoutEscapingSlashes]),
        as: UTF8.self)
    }
    settingsText = try text("settings") ?? "{}"
    gatesText = try text("gates")
  }
}
