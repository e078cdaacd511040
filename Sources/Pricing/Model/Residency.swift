/// Whether a model and its caches fit a device, or each of several that share them.
public struct Residency: Sendable {
  /// Of one device, without what a runtime keeps for itself.
  public let capacityBytes: Double
  /// Of one device.
  public let weightBytes: Double
  /// Of one sequence, on one device.
  public let cacheBytes: Double

  public init(capacityBytes: Double, weightBytes: Double, cacheBytes: Double) {
    self.capacityBytes = capacityBytes
    self.weightBytes = weightBytes
    self.cacheBytes = cacheBytes
  }

  /// 0 where not one sequence fits.
  public var largestBatch: Int {
    guard cacheBytes > 0 else { return weightBytes <= capacityBytes ? Int.max : 0 }
    return Int(max(0, min((capacityBytes - weightBytes) / cacheBytes, 1e15)))
  }
}
