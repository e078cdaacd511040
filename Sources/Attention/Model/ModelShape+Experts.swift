import Foundation

/// The experts of a layer, of which a router chooses some for each token.
struct Experts {
  /// In a layer, those that every token uses left out.
  let count: Double
  /// That the router chooses for a token.
  let perToken: Double
  /// That every token uses beside them.
  let shared: Double
  /// Channels between the matrices of one: `moe_intermediate_size`, `intermediate_size` for gpt-oss.
  let intermediate: Double
  /// First layers that have one MLP instead.
  let denseLayers: Double

  /// Experts of a layer that at least one of `batch` tokens uses, where each token chooses on its own and no expert is
  /// chosen more often than another.
  ///
  /// Tokens of like texts and experts that are chosen often make them fewer: this is an upper estimate.
  func touched(batch: Double) -> Double {
    count * (1 - pow(1 - perToken / count, batch))
  }
}

extension ModelShape {
  /// Nil where each layer has one MLP.
  var experts: Experts? {
    switch self {
    case .gptOSS20B: .init(count: 32, perToken: 4, shared: 0, intermediate: 2880, denseLayers: 0)
    case .gptOSS120B: .init(count: 128, perToken: 4, shared: 0, intermediate: 2880, denseLayers: 0)
    case .deepSeekV3: .init(count: 256, perToken: 8, shared: 1, intermediate: 2048, denseLayers: 3)
    default: nil
    }
  }
}
