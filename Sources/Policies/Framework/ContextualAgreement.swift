import Attention

/// Contextual agreement CA_K(i): how much of the K best tokens by the whole head are among the K best by
/// chunk i alone, averaged over calibration queries (arXiv 2602.03152, section 3).
public struct ContextualAgreement: Sendable, Equatable {
  public struct Key: Hashable, Sendable {
    public let layer: Int
    public let window: Int

    public init(layer: Int, window: Int) {
      self.layer = layer
      self.window = window
    }
  }

  /// What the chunks are: the model's rotation pairs, which any layout of the same weights shares, or
  /// adjacent channels of one layout.
  public enum Slices: String, Sendable, Codable { case rope, adjacent }

  public let slices: Slices
  /// The layout that the calibration traces had.
  public let pairing: RopePairing
  /// `[query head][chunk]` by layer and window.
  public var values: [Key: [[Double]]]

  public init(slices: Slices, pairing: RopePairing, values: [Key: [[Double]]]) {
    self.slices = slices
    self.pairing = pairing
    self.values = values
  }

  /// The windows K calibrated for a layer, ascending.
  public func windows(layer: Int) -> [Int] {
    values.keys.filter { $0.layer == layer }.map(\.window).sorted()
  }
}

extension ContextualAgreement {
  /// The agreement of every query head and chunk of a layer, from the calibrated window nearest to
  /// `window`; nil where this calibration cannot serve those slices.
  public func ranking(layer: Int, slices wanted: Slices, layout: RopePairing, window: Int)
    -> [[Double]]?
  {
    guard serves(wanted, layout: layout) else { return nil }
    let nearest = windows(layer: layer).min { (abs($0 - window), $0) < (abs($1 - window), $1) }
    return nearest.flatMap { values[Key(layer: layer, window: $0)] }
  }

  /// Rotation pairs are the same frequencies in every layout; adjacent slices belong to one layout, and
  /// are its rotation pairs where those are interleaved.
  public func serves(_ wanted: Slices, layout: RopePairing) -> Bool {
    switch (slices, wanted) {
    case (.rope, .rope): true
    case (.adjacent, .adjacent): pairing == layout
    case (.rope, .adjacent): layout == .interleaved
    case (.adjacent, .rope): pairing == .interleaved
    }
  }
}
