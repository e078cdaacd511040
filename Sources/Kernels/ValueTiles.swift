import Attention
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

  /// One value, widened.
  public func value(_ token: Int, _ channel: Int) -> Float {
    precondition((0..<tokens).contains(token) && (0..<channels).contains(channel))
    return storage.pointer[place(of: token, channel)]
  }

  /// Room for the values of `tokens` tokens, zeros, to be written one by one, that others may go on from.
  public static func room(tokens: Int, channels: Int) -> ValueTiles {
    precondition(tokens >= 0 && (1...Kernels.maximumChannels).contains(channels))
    let tiles = (tokens + tileTokens - 1) / tileTokens
    return ValueTiles(
      tokens: tokens, channels: channels,
      storage: .forkable(count: tiles * tileTokens * paddedChannels(channels)))
  }

  /// The same values, to be written apart; these must not be written any more.
  public func forked() -> ValueTiles {
    ValueTiles(tokens: tokens, channels: channels, storage: storage.forked())
  }

  /// Writes the value of a token, `[channels]`.
  public func write(_ value: UnsafePointer<Float>, at token: Int) {
    precondition((0..<tokens).contains(token))
    for channel in 0..<channels { storage.pointer[place(of: token, channel)] = value[channel] }
  }

  /// Reads the value of a token into `out`, `[paddedChannels]`.
  public func read(_ token: Int, into out: UnsafeMutablePointer<Float>) {
    precondition((0..<tokens).contains(token))
    for channel in 0..<paddedChannels { out[channel] = storage.pointer[place(of: token, channel)] }
  }

  private func place(of token: Int, _ channel: Int) -> Int {
    let strip = Int(FS_PANEL)
    let (tile, place) = token.quotientAndRemainder(dividingBy: Self.tileTokens)
    let first = (tile * (paddedChannels / strip) + channel / strip) * Self.tileTokens
    return (first + place) * strip + channel % strip
  }
}

extension Kernels {
  /// Packs rows `[tokens][channels]` as a model's cache holds them.
  public func packValues(
    _ rows: UnsafeRawBufferPointer, element: ElementType, tokens: Int, channels: Int,
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

  /// Softmax attention before its division, with the weights `exp((scores[row][t] - offsets[row]) · scale)`
  /// of the tokens that each row sees.
  ///
  /// - Parameters:
  ///   - scores: a row per entry of `visible`, `stride` floats apart; column t is token t.
  ///   - offsets: at least every visible score of the row.
  ///   - out: gets `Σ weights[t] · V[t]`, rows `paddedChannels` apart.
  ///   - sums: gets `Σ weights[t]`.
  /// - Complexity: O(rows × tokens × channels), near the FMA peak.
  public func attend(
    scores: UnsafePointer<Float>, stride: Int, visible: [Range<Int>], offsets: [Float], scale: Float,
    values: ValueTiles, into out: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    precondition(offsets.count == visible.count)
    precondition(visible.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= min(values.tokens, stride) })
    let ranges = visible.map { fs_range(start: $0.lowerBound, end: $0.upperBound) }
    table.attend(
      scores, stride, ranges.count, ranges, offsets, scale, values.storage.pointer, values.channels, out,
      values.paddedChannels, sums)
  }

  /// `out = Σ weights[i] · V[tokens[i]]` over an ascending list of tokens; `out` holds `paddedChannels`.
  /// Returns the weights' sum.
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
