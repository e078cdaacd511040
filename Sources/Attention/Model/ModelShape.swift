/// The shape of a model, as its published `config.json` gives it: what its attention reads, and how many weights a step
/// is multiplied with.
///
/// Those that people ask about most are ``bundled``; others are read from their files by `Experiments`.
public struct ModelShape: Sendable, Equatable {
  /// As results name it.
  public var name: String
  /// Of a model with a ``latent``, that of its absorbed form, in which all query heads read one row a token.
  public var geometry: Geometry
  public var widths: Widths
  /// `rope_theta`, that of the layers without a window; the scaling of frequencies that some models add is left out.
  public var ropeBase: Double
  /// Whether the output layer is the embedding table: `tie_word_embeddings`.
  public var isTied: Bool
  /// Nil where every layer sees the whole context.
  public var windowed: Windowed?
  /// Nil where each layer has one MLP.
  public var experts: Experts?
  /// Nil where heads have keys and values of their own.
  public var latent: Latent?
  /// In the format in which the model is published.
  public var weightBits: WeightBits

  /// Channels of what layers hand on, and entries of the vocabulary.
  public struct Widths: Sendable, Equatable {
    /// `hidden_size`.
    public var hidden: Double
    /// `intermediate_size` of layers without experts; 0 where there are none.
    public var intermediate: Double
    /// `vocab_size`.
    public var vocabulary: Double
    /// Of an MLP or expert: three where it is gated, else two.
    public var matrices: Double

    public init(hidden: Double, intermediate: Double, vocabulary: Double, matrices: Double = 3) {
      self.hidden = hidden
      self.intermediate = intermediate
      self.vocabulary = vocabulary
      self.matrices = matrices
    }
  }

  public init(
    name: String, geometry: Geometry, widths: Widths, ropeBase: Double = 10_000, isTied: Bool = false,
    windowed: Windowed? = nil, experts: Experts? = nil, latent: Latent? = nil,
    weightBits: WeightBits = WeightBits()
  ) {
    self.name = name
    self.geometry = geometry
    self.widths = widths
    self.ropeBase = ropeBase
    self.isTied = isTied
    self.windowed = windowed
    self.experts = experts
    self.latent = latent
    self.weightBits = weightBits
  }
}
