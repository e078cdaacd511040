import Attention
import Kernels

/// One layer's KV head and the query heads that share it: the unit for which a policy object lives.
public struct GroupContext: Sendable {
  public let layer: Int
  /// Layers of the whole model, captured or not.
  public let modelLayers: Int
  public let kvHead: Int
  public let queryHeads: Range<Int>
  public let headDim: Int
  public let valueDim: Int
  public let element: ElementType
  /// What scores are multiplied by before softmax.
  public let scale: Float
  /// `cap · tanh(score · scale / cap)` before softmax, where the model does so.
  public let logitSoftcap: Float?
  public let promptTokens: Int
  public let chunks: RopeChunks
  public let seed: UInt64
  /// Contextual agreement for FASA, if calibrated.
  public let agreement: ContextualAgreement?
  /// Calibrated statistics of this model's heads, if calibrated.
  public let statistics: HeadStatistics?
  /// Radians per token of each chunk; empty where nobody asks.
  public let frequencies: [Double]
  /// KV heads of the layer.
  public let kvHeads: Int
  /// Sets that files name, by path.
  public let external: [String: ExternalChoices]
  /// Scores that the trace holds beside queries, keys and values.
  public let given: GivenScores
  /// The budget that the policy is asked to keep to; nil where none is, or where a policy is only tried.
  public var asked: Budget?
  /// How the cache stores keys and values; nil for as the trace holds them.
  public var cache: CacheFormat?

  public init(
    layer: Int, modelLayers: Int, kvHead: Int, queryHeads: Range<Int>, headDim: Int, valueDim: Int,
    element: ElementType, scale: Float, logitSoftcap: Float? = nil, promptTokens: Int, chunks: RopeChunks,
    seed: UInt64 = 0,
    agreement: ContextualAgreement? = nil, statistics: HeadStatistics? = nil, frequencies: [Double] = [],
    kvHeads: Int = 1, external: [String: ExternalChoices] = [:], given: GivenScores = GivenScores()
  ) {
    self.layer = layer
    self.modelLayers = modelLayers
    self.kvHead = kvHead
    self.queryHeads = queryHeads
    self.headDim = headDim
    self.valueDim = valueDim
    self.element = element
    self.scale = scale
    self.logitSoftcap = logitSoftcap
    self.promptTokens = promptTokens
    self.chunks = chunks
    self.seed = seed
    self.agreement = agreement
    self.statistics = statistics
    self.frequencies = frequencies
    self.kvHeads = kvHeads
    self.external = external
    self.given = given
  }

  public var groupSize: Int { queryHeads.count }

  /// The same with another cache.
  public func stored(as format: CacheFormat?) -> GroupContext {
    var group = self
    group.cache = format
    return group
  }
  /// Of a number as the trace holds it, and as policies keep what they make of keys and values.
  public var elementBits: Int { element.byteCount * 8 }
  /// Of a vector as wide as a key.
  public var keyRowBytes: Int { headDim * element.byteCount }
  public var valueRowBytes: Int { valueDim * element.byteCount }
  /// Of a number as the cache holds it, without what lies beside it.
  public var cacheBits: Int { cache?.numberBits ?? elementBits }
  /// Of a key in the cache.
  public var cachedKeyBytes: Int { cache?.rowBytes(channels: headDim) ?? keyRowBytes }
  public var cachedValueBytes: Int { cache?.rowBytes(channels: valueDim) ?? valueRowBytes }
}
