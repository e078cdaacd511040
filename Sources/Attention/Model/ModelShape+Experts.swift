import Foundation

extension ModelShape {
  /// The experts of a layer, of which a router chooses some for each token.
  public struct Experts: Sendable, Equatable {
    /// In a layer, those that every token uses left out.
    public var count: Double
    /// That the router chooses for a token.
    public var perToken: Double
    /// That every token uses beside them, as many of a chosen one's width.
    public var shared: Double
    /// Channels between the matrices of one: `moe_intermediate_size`, `intermediate_size` for gpt-oss.
    public var intermediate: Double
    /// Layers that have one MLP instead.
    public var denseLayers: Double

    public init(
      count: Double, perToken: Double, shared: Double = 0, intermediate: Double, denseLayers: Double = 0
    ) {
      self.count = count
      self.perToken = perToken
      self.shared = shared
      self.intermediate = intermediate
      self.denseLayers = denseLayers
    }

    /// Experts of a layer that at least one of `batch` tokens uses, where each token chooses on its own and no expert is
    /// chosen more often than another.
    ///
    /// Tokens of like texts and experts that are chosen often make them fewer: this is an upper estimate.
    func touched(batch: Double) -> Double {
      count * (1 - pow(1 - perToken / count, batch))
    }
  }
}
