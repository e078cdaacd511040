/// A model's attention at a context, for which a stored run is priced.
public struct PricedGeometry: Sendable, Equatable {
  public var layers: Double
  public var queryHeads: Double
  public var kvHeads: Double
  public var headDim: Double
  public var valueDim: Double
  public var elementBytes: Double
  /// Tokens a query sees.
  public var context: Double
  /// Whether values are the first channels of the keys, and neither stored nor read beside them (multi-head latent
  /// attention).
  public var sharesValues: Bool

  public init(
    layers: Double, queryHeads: Double, kvHeads: Double, headDim: Double, valueDim: Double? = nil,
    elementBytes: Double, context: Double, sharesValues: Bool = false
  ) {
    self.layers = layers
    self.queryHeads = queryHeads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.valueDim = valueDim ?? headDim
    self.elementBytes = elementBytes
    self.context = context
    self.sharesValues = sharesValues
  }

  public var groupSize: Double { queryHeads / kvHeads }

  /// What each of several devices holds of it that share its heads: where there are more devices than KV heads, several
  /// hold the same one.
  public func shared(by devices: Double) -> PricedGeometry {
    var own = self
    own.kvHeads = max(1, kvHeads / devices)
    own.queryHeads = queryHeads / devices
    return own
  }

  /// The rows that are attended to.
  var rows: CacheRows {
    CacheRows(perSequence: kvHeads, bits: elementBytes * 8, headDim: headDim, isGrouped: groupSize > 1)
  }
}
