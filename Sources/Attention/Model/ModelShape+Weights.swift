/// How many weights there are of each kind that a model may store in a format of its own.
struct WeightCounts {
  /// Of experts that a router chooses.
  var experts = 0.0
  /// Of attention, MLPs and shared experts.
  var projections = 0.0
  var routers = 0.0
  /// Of the output layer, and of the embedding table where it counts.
  var tables = 0.0

  var all: Double { experts + projections + routers + tables }
}

extension ModelShape {
  /// Weights that a decode step of `batch` sequences reads: attention, MLPs or the experts that a token chooses, the
  /// output layer. Norms, biases and the rows of the embedding table are left out.
  public func readParameters(batch: Double) -> Double { readWeights(batch: batch).all }

  /// ``readParameters(batch:)`` of one sequence.
  public var readParameters: Double { readParameters(batch: 1) }

  /// Weights that each token is multiplied with, in two operations a weight: as many as one sequence reads.
  public var activeParameters: Double { readParameters(batch: 1) }

  /// All weights: every expert, and the embedding table too, where it is not the output layer's.
  public var parameters: Double { allWeights.all }

  func readWeights(batch: Double) -> WeightCounts {
    weights(experts: experts?.touched(batch: batch) ?? 0, tables: 1)
  }

  var allWeights: WeightCounts { weights(experts: experts?.count ?? 0, tables: isTied ? 1 : 2) }

  /// - Parameters:
  ///   - chosen: experts of each layer, shared ones left out.
  ///   - tables: matrices of hidden × vocabulary.
  private func weights(experts chosen: Double, tables: Double) -> WeightCounts {
    let (hidden, intermediate, vocabulary) = widths
    let layers = Double(geometry.layers)
    let denseLayers = experts?.denseLayers ?? layers
    var counts = WeightCounts()
    // Every MLP here is gated, and so has three matrices.
    counts.projections = layers * attentionParameters + denseLayers * 3 * hidden * intermediate
    counts.tables = tables * hidden * vocabulary
    guard let experts else { return counts }
    let one = 3 * hidden * experts.intermediate
    counts.experts = (layers - denseLayers) * chosen * one
    counts.projections += (layers - denseLayers) * experts.shared * one
    counts.routers = (layers - denseLayers) * hidden * experts.count
    return counts
  }

  /// Of one layer's projections.
  private var attentionParameters: Double {
    let (hidden, _, _) = widths
    guard self != .deepSeekV3 else {
      // Queries go through 1536 channels, `q_lora_rank`, and keys and values through the latent. The absorbed form
      // multiplies queries and outputs with the latent's own projections, and reads no others for it.
      let (heads, queryRank, latent, nope, rope, value) = (128.0, 1536.0, 512.0, 128.0, 64.0, 128.0)
      return queryRank * (hidden + heads * (nope + rope)) + hidden * (latent + rope)
        + latent * heads * (nope + value) + heads * value * hidden
    }
    return hidden * 2 * Double((geometry.queryHeads + geometry.kvHeads) * geometry.headDim)
  }

  /// Whether the output layer is the embedding table: `tie_word_embeddings`.
  private var isTied: Bool {
    switch self {
    case .smolLM2, .gemma3_4B, .gemma3_12B, .gemma3_27B: true
    default: false
    }
  }

  /// `hidden_size`, `intermediate_size` of layers without experts, `vocab_size`.
  var widths: (hidden: Double, intermediate: Double, vocabulary: Double) {
    switch self {
    case .smolLM2: (576, 1536, 49_152)
    case .llama3_1_8B, .r1Llama8B: (4096, 14_336, 128_256)
    case .llama3_1_70B, .r1Llama70B: (8192, 28_672, 128_256)
    case .qwen2_5_7B, .r1Qwen7B: (3584, 18_944, 152_064)
    case .qwen2_5_14B, .r1Qwen14B: (5120, 13_824, 152_064)
    case .qwen2_5_32B, .r1Qwen32B: (5120, 27_648, 152_064)
    case .qwen3_8B: (4096, 12_288, 151_936)
    case .qwen3_32B: (5120, 25_600, 151_936)
    case .mistral7B: (4096, 14_336, 32_768)
    case .llama2_7B: (4096, 11_008, 32_000)
    case .gemma3_4B: (2560, 10_240, 262_208)
    case .gemma3_12B: (3840, 15_360, 262_208)
    case .gemma3_27B: (5376, 21_504, 262_208)
    // No layer of these is without experts.
    case .gptOSS20B, .gptOSS120B: (2880, 0, 201_088)
    case .deepSeekV3: (7168, 18_432, 129_280)
    }
  }
}
