import Policies

/// Blocks of a layer's cache that an engine could give to another request: of their tokens no head holds any after the last step.
///
/// An engine's block holds a layer's tokens of all KV heads; what one of them lets go of alone frees nothing.
public struct FreedBlocks: Sendable, Equatable {
  /// Tokens of a block, vLLM's default.
  public static let tokens = 16

  public let layer: Int
  /// Blocks of the tokens that the last step sees.
  public let blocks: Int
  public let freed: Int

  public init(layer: Int, blocks: Int, freed: Int) {
    (self.layer, self.blocks, self.freed) = (layer, blocks, freed)
  }

  /// - Parameters:
  ///   - held: what each KV head of the layer holds, a row for each of its query heads; nil for all tokens.
  ///   - visible: the tokens that the last step sees.
  init(layer: Int, held: [Selections?], of visible: Range<Int>) {
    let blocks = visible.lowerBound / Self.tokens..<(visible.upperBound + Self.tokens - 1) / Self.tokens
    var free = Set(blocks)
    for selections in held {
      guard let selections else {
        free = []
        break
      }
      for row in 0..<selections.rows {
        for token in selections[row] { free.remove(Int(token) / Self.tokens) }
      }
    }
    self.init(layer: layer, blocks: blocks.count, freed: free.count)
  }
}
