import Kernels
import Policies

extension ExactAttention {
  /// Full attention of blocks of one KV head and the same steps, whose caches begin alike: what they share is gone over
  /// once for all of them. Bits are those of each by itself.
  ///
  /// - Parameters:
  ///   - values: of each block.
  ///   - shared: tokens, from the first on, whose keys and values are the same in all blocks.
  /// - Throws: ``ReplayError`` as each by itself does.
  package static func together(_ blocks: [ScoredBlock], values: [ValueTiles], sharing shared: Int) throws
    -> [ExactAttention]
  {
    guard let first = blocks.first, let own = values.first,
      let scores = ScoredBlock.scoreTogether(blocks, sharing: shared)
    else { return [] }
    // Capped logits are another matrix, of each block's own.
    guard first.group.logitSoftcap == nil else {
      return try zip(blocks, values).map { try ExactAttention($0, values: $1) }
    }
    let softmax = Softmax(
      scores, scale: first.group.scale, visible: (0..<scores.rows).map { first.visible($0 % first.rows) },
      kernels: first.kernels)
    // Sums are tile by tile, so that whole tiles may come from anywhere.
    let tile = ValueTiles.tileTokens
    let whole = shared / tile * tile
    let common = softmax.sums(0..<scores.rows, within: 0..<whole, own)
    return try zip(blocks, values).enumerated().map { place, block in
      let rows = place * first.rows..<(place + 1) * first.rows
      var sums = common.part(rows)
      for start in stride(from: whole, to: first.span.upperBound, by: tile) {
        sums.add(softmax.sums(rows, within: start..<start + tile, block.1))
      }
      return try ExactAttention(block.0, values: block.1, sums)
    }
  }
}
