extension ModelShape {
  /// Layers in which a query sees no more than the latest tokens.
  public struct Windowed: Sendable, Equatable {
    /// Their numbers, ascending, from 0.
    public var layers: [Int]
    /// Tokens that a query sees in them at most, its own included: `sliding_window`.
    public var tokens: Int
    /// Their own RoPE base; nil for the model's.
    public var ropeBase: Double?

    public init(layers: [Int], tokens: Int, ropeBase: Double? = nil) {
      self.layers = layers
      self.tokens = tokens
      self.ropeBase = ropeBase
    }

    /// Every layer but each `every`-th: with 6 layer 5, 11, …, as in Gemma 3, with 2 the odd ones, as in gpt-oss.
    public static func allBut(every: Int, of layers: Int, tokens: Int, ropeBase: Double? = nil) -> Windowed {
      Windowed(
        layers: (0..<layers).filter { ($0 + 1) % every != 0 }, tokens: tokens, ropeBase: ropeBase)
    }
  }

  /// The window of a model each of whose layers has it: nothing beyond it is ever seen.
  public var windowOfAll: Int? { windowed.flatMap { $0.layers.count == geometry.layers ? $0.tokens : nil } }

  /// Layers with a window, where there are others beside them.
  public var partlyWindowed: Windowed? { windowOfAll == nil ? windowed : nil }

  /// What keys and values of all heads are made of, in multi-head latent attention.
  public struct Latent: Sendable, Equatable {
    /// Query heads.
    public var heads: Int
    /// Channels that queries go through: `q_lora_rank`; nil where they are projected at once.
    public var queryRank: Int?
    /// Channels of the latent: `kv_lora_rank`.
    public var rank: Int
    /// Channels of a head's key without and with rotation, and of its value: `qk_nope_head_dim`, `qk_rope_head_dim`,
    /// `v_head_dim`.
    public var nope: Int
    public var rope: Int
    public var value: Int

    public init(heads: Int, queryRank: Int?, rank: Int, nope: Int, rope: Int, value: Int) {
      self.heads = heads
      self.queryRank = queryRank
      self.rank = rank
      self.nope = nope
      self.rope = rope
      self.value = value
    }
  }

  /// A model with a latent, in its absorbed form: a cached row is the latent and one rotated key, of which the latent is
  /// the value too.
  public init(
    name: String, latent: Latent, layers: Int, widths: Widths, ropeBase: Double = 10_000,
    isTied: Bool = false, experts: Experts? = nil, weightBits: WeightBits = WeightBits()
  ) {
    self.init(
      name: name,
      geometry: Geometry(
        layers: layers, queryHeads: latent.heads, kvHeads: 1, headDim: latent.rank + latent.rope,
        valueDim: latent.rank),
      widths: widths, ropeBase: ropeBase, isTied: isTied, experts: experts, latent: latent,
      weightBits: weightBits)
  }

  /// Whether a token's value is the first `valueDim` channels of its key, stored once and read once.
  public var sharesValues: Bool { latent != nil }
}
