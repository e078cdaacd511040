import Attention

/// What a trace says of the run it was taken from: the JSON under `fasa-trace` in `__metadata__`.
///
/// Every key is required except those documented as optional, which may also be null. Keys that are not
/// listed here are ignored; `Trace.metadataJSON` keeps them.
public struct TraceMetadata: Codable, Sendable, Equatable {
  /// The only version there is.
  public static let currentVersion = 1

  public var version: Int
  public var model: Model
  public var geometry: Geometry
  /// Numbers, in the model, of the layers that the trace holds.
  public var capturedLayers: [Int]
  public var rope: Rope
  public var attention: Attention
  public var tokens: Tokens
  public var text: Text
  public var capture: Capture
  /// Optional.
  public var outputProjection: OutputProjection?
  /// Optional.
  public var scores: Scores?

  public init(
    version: Int = currentVersion, model: Model, geometry: Geometry, capturedLayers: [Int], rope: Rope,
    attention: Attention, tokens: Tokens, text: Text, capture: Capture,
    outputProjection: OutputProjection? = nil, scores: Scores? = nil
  ) {
    self.version = version
    self.model = model
    self.geometry = geometry
    self.capturedLayers = capturedLayers
    self.rope = rope
    self.attention = attention
    self.tokens = tokens
    self.text = text
    self.capture = capture
    self.outputProjection = outputProjection
    self.scores = scores
  }

  enum CodingKeys: String, CodingKey {
    case version, model, geometry, rope, attention, tokens, text, capture, scores
    case capturedLayers = "captured_layers"
    case outputProjection = "output_projection"
  }

  /// The model that ran.
  public struct Model: Codable, Sendable, Equatable {
    public var name: String
    /// Such as `llama`.
    public var architecture: String
    /// Their format and precision, such as `Q4_1 GGUF`.
    public var weights: String
    /// Of the weights' file, lower-case hexadecimal.
    public var sha256: String

    public init(name: String, architecture: String, weights: String, sha256: String) {
      self.name = name
      self.architecture = architecture
      self.weights = weights
      self.sha256 = sha256
    }
  }

  /// How many tokens the cache held at the end.
  public struct Tokens: Codable, Sendable, Equatable {
    public var prompt: Int
    public var decode: Int
    /// T, the tokens of prompt and decode together.
    public var total: Int { prompt + decode }

    public init(prompt: Int, decode: Int) {
      self.prompt = prompt
      self.decode = decode
    }
  }

  /// The text that ran.
  public struct Text: Codable, Sendable, Equatable {
    public var title: String
    public var licence: String
    /// Such as `prose` or `code`.
    public var kind: String
    /// Of the text's file, lower-case hexadecimal.
    public var sha256: String

    public init(title: String, licence: String, kind: String, sha256: String) {
      self.title = title
      self.licence = licence
      self.kind = kind
      self.sha256 = sha256
    }
  }

  /// How the trace was taken.
  public struct Capture: Codable, Sendable, Equatable {
    /// Where the decode steps' tokens come from.
    public enum Sampling: String, Codable, Sendable, CaseIterable {
      case greedy, seeded
      /// The last tokens of a real text, run like any others.
      case teacherForced = "teacher-forced"
    }

    public var tool: String
    public var engine: String
    public var sampling: Sampling
    /// ISO 8601, UTC.
    public var created: String
    /// Optional: how the declared rotation was held to the model's own.
    public var rotationCheck: RotationCheck?

    public init(
      tool: String, engine: String, sampling: Sampling, created: String, rotationCheck: RotationCheck? = nil
    ) {
      self.tool = tool
      self.engine = engine
      self.sampling = sampling
      self.created = created
      self.rotationCheck = rotationCheck
    }

    enum CodingKeys: String, CodingKey {
      case tool, engine, sampling, created
      case rotationCheck = "rotation_check"
    }
  }
}
