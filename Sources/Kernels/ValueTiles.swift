import CKernels

/// One KV head's values, widened, as `[ceil(tokens / 256)][strips of 16 channels][256][16]`: a sum over
/// tokens is one chain per tile and channel, and the tiles' sums are added in order.
public struct ValueTiles: Sendable {
  public static let tileTokens = Int(FS_TILE)

  public let tokens: Int
  public let channels: Int
  let storage: FloatBuffer

  /// Channels rounded up to whole strips: the length of an output row.
  public var paddedChannels: Int { Self.paddedChannels(channels) }

  public static func paddedChannels(_ channels: Int) -> Int { KeyPanels.paddedTokens(channels) }
}

extension Kernels {
  /// Packs rows `[tokens][channels]` as a model's cache holds them.
  public func packValues(
    _ rows: UnsafeRawBufferPointer, element: Element, tokens: Int, channels: Int,
    reusing old: ValueTiles? = nil
  ) -> ValueTiles {
    precondition(rows.count >= tokens * channels * element.byteCount && channels <= Self.maximumChannels)
    let tiles = (tokens + ValueTiles.tileTokens - 1) / ValueTiles.tileTokens
    let count = tiles * ValueTiles.tileTokens * ValueTiles.paddedChannels(channels)
    let storage = old.flatMap { $0.storage.count == count ? $0.storage : nil } ?? FloatBuffer(count: count)
    if let source = rows.baseAddress {
      table.pack_values(source, element.code, tokens, channels, storage.pointer)
    }
    return ValueTiles(tokens: tokens, channels: channels, storage: storage)
  }

  /// The sum of each row of weights over `tokens` tokens.
  public func rowSums(
    _ weights: UnsafePointer<Float>, stride: Int, rows: Int, tokens: Int,
    into sums: UnsafeMutablePointer<Float>
  ) {
    precondition(tokens <= stride)
    table.row_sums(weights, stride, rows, tokens, sums)
  }

  /// `out[row] = Σ weights[row][t] · V[t]` over the first `tokens` tokens; rows of `out` are `paddedChannels` apart.
  public func attend(
    weights: UnsafePointer<Float>, stride: Int, rows: Int, values: ValueTiles, tokens: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    precondition(tokens <= values.tokens && tokens <= stride)
    table.attend(
      weights, stride, rows, values.storage.pointer, tokens, values.channels, out, values.paddedChannels)
  }

  /// The same over an ascending list of tokens only; `out` holds `paddedChannels`. Returns the weights' sum.
  public func gatherAttend(
    weights: UnsafePointer<Float>, tokens: UnsafeBufferPointer<Int32>, values: ValueTiles,
    into out: UnsafeMutablePointer<Float>
  ) -> Float {
    guard let list = tokens.baseAddress, let last = tokens.last else {
      out.update(repeating: 0, count: values.paddedChannels)
      return 0
    }
    precondition(tokens[0] >= 0 && Int(last) < values.tokens)
    return table.gather_attend(weights, list, tokens.count, values.storage.pointer, values.channels, out)
  }
}
