import Attention
import Foundation
import Traces

/// Captured layers that see and rotate alike.
struct LayerKind: Encodable, Equatable {
  let layers: [Int]
  /// Tokens that a query sees, its own included; left out where it sees all before it.
  let windowTokens: Int?
  let ropeBase: Double
  let ropePairing: RopePairing
  let rotaryDim: Int
  /// By what the trace's frequencies are less than those of the base; left out where they are the base's.
  let scaling: Scaling?

  struct Scaling: Encodable, Equatable {
    /// Of the chunks that turn, the least and the largest factor.
    let least: Double
    let largest: Double
    let stillChunks: Int
  }

  /// All captured layers, in groups of equal ones, by their first.
  static func all(_ metadata: TraceMetadata) -> [LayerKind] {
    var kinds: [LayerKind] = []
    for layer in metadata.capturedLayers.sorted() {
      let own = LayerKind(metadata, [layer])
      if let index = kinds.firstIndex(where: { $0.isLike(own) }) {
        kinds[index] = LayerKind(metadata, kinds[index].layers + [layer])
      } else {
        kinds.append(own)
      }
    }
    return kinds
  }

  /// - Parameter layers: equal ones, of which the first is told.
  private init(_ metadata: TraceMetadata, _ layers: [Int]) {
    self.layers = layers
    let layer = layers.first ?? 0
    windowTokens = metadata.slidingWindow(layer: layer)
    ropeBase = metadata.ropeBase(layer: layer)
    ropePairing = metadata.rope.pairing
    rotaryDim = metadata.rope.rotaryDim
    scaling = Scaling(
      metadata.rotationFrequencies(layer: layer), base: metadata.ropeBase(layer: layer),
      rotaryDim: metadata.rope.rotaryDim)
  }

  private func isLike(_ other: LayerKind) -> Bool {
    windowTokens == other.windowTokens && ropeBase == other.ropeBase && scaling == other.scaling
  }

  /// `window of 1,024 tokens, base 10,000`.
  var text: String {
    "\(windowText), \(rotationText)"
  }

  var windowText: String {
    windowTokens.map { "window of \(NumberText.grouped($0)) tokens" } ?? "all tokens before"
  }

  /// `base 1,000,000, frequencies ÷ 8`.
  var rotationText: String {
    "base \(NumberText.grouped(ropeBase))" + (scaling.map { ", \($0.text)" } ?? "")
  }
}

extension LayerKind.Scaling {
  /// Files hold frequencies rounded to 32 bits.
  private static let tolerance = 1e-5

  /// Nil where they are those of the base.
  init?(_ frequencies: [Double], base: Double, rotaryDim: Int) {
    let factors = frequencies.enumerated().compactMap { chunk, frequency in
      frequency > 0 ? pow(base, -2 * Double(chunk) / Double(rotaryDim)) / frequency : nil
    }
    let still = frequencies.count - factors.count
    let least = factors.min() ?? 1
    let largest = factors.max() ?? 1
    guard still > 0 || abs(least - 1) > Self.tolerance || abs(largest - 1) > Self.tolerance else {
      return nil
    }
    self.init(least: least, largest: largest, stillChunks: still)
  }

  var text: String {
    let (low, high) = (NumberText.decimal(least, places: 2), NumberText.decimal(largest, places: 2))
    let still = stillChunks > 0 ? ", \(NumberText.grouped(stillChunks)) chunks do not turn" : ""
    return "frequencies ÷ \(low == high ? low : "\(low) to \(high)")\(still)"
  }
}
