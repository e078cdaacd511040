import Attention
import CKernels

/// One KV head's keys, widened, as `[ceil(tokens / 16)][channels][16]`: a vector register holds tokens, so a score is
/// one chain of fused multiply-adds per lane whatever the register's width.
public struct KeyPanels: Sendable {
  public static let panelTokens = Int(FS_PANEL)

  public let tokens: Int
  public let channels: Int
  let storage: FloatBuffer

  /// Tokens rounded up to whole panels: the least length of a row of scores.
  public static func paddedTokens(_ tokens: Int) -> Int {
    (tokens + panelTokens - 1) / panelTokens * panelTokens
  }

  /// Room for `tokens` keys of zeros, to be written one by one.
  ///
  /// - Parameter isForkable: whether others will go on from them.
  public static func room(tokens: Int, channels: Int, isForkable: Bool = true) -> KeyPanels {
    precondition(tokens >= 0 && (1...Kernels.maximumChannels).contains(channels))
    let count = paddedTokens(tokens) * channels
    return KeyPanels(
      tokens: tokens, channels: channels,
      storage: isForkable ? .forkable(count: count) : FloatBuffer(count: count))
  }

  /// The same keys, to be written apart; these must not be written any more.
  public func forked() -> KeyPanels {
    KeyPanels(tokens: tokens, channels: channels, storage: storage.forked())
  }

  /// Writes the key of a token, `[channels]`.
  public func write(_ key: UnsafePointer<Float>, at token: Int) {
    precondition((0..<tokens).contains(token))
    let place = place(of: token)
    for channel in 0..<channels { place[channel * Self.panelTokens] = key[channel] }
  }

  /// Reads the key of a token into `out`, `[channels]`.
  public func read(_ token: Int, into out: UnsafeMutablePointer<Float>) {
    precondition((0..<tokens).contains(token))
    let place = place(of: token)
    for channel in 0..<channels { out[channel] = place[channel * Self.panelTokens] }
  }

  /// Of a token's first channel; the next ones are a panel's tokens apart.
  private func place(of token: Int) -> UnsafeMutablePointer<Float> {
    let (panel, lane) = token.quotientAndRemainder(dividingBy: Self.panelTokens)
    return storage.pointer + panel * channels * Self.panelTokens + lane
  }
}

extension Kernels {
  /// Packs rows `[tokens][channels]` as a model's cache holds them.
  public func packKeys(
    _ rows: UnsafeRawBufferPointer, element: ElementType, tokens: Int, channels: Int,
    reusing old: KeyPanels? = nil
  ) -> KeyPanels {
    precondition(rows.count >= tokens * channels * element.byteCount && channels <= Self.maximumChannels)
    let count = KeyPanels.paddedTokens(tokens) * channels
    let storage = old.flatMap { $0.storage.count == count ? $0.storage : nil } ?? FloatBuffer(count: count)
    if let source = rows.baseAddress {
      table.pack_keys(source, element.code, tokens, channels, storage.pointer)
    }
    return KeyPanels(tokens: tokens, channels: channels, storage: storage)
  }

  /// `out[row][t] = Σ queries[row][c] · K[t][c]` over `channelList` in its order, for all tokens of
  /// the panels that hold `tokens`.
  ///
  /// - Parameters:
  ///   - queries: `rows` rows of `keys.channels` floats.
  ///   - out: row stride `stride`, at least the padded end of `tokens`; column t is token t.
  /// - Complexity: O(rows × tokens × channels), near the FMA peak.
  public func score(
    queries: UnsafePointer<Float>, rows: Int, keys: KeyPanels, channelList: [Int32], tokens: Range<Int>,
    into out: UnsafeMutablePointer<Float>, stride: Int
  ) {
    precondition(tokens.lowerBound >= 0 && tokens.upperBound <= keys.tokens)
    precondition(stride >= KeyPanels.paddedTokens(tokens.upperBound))
    precondition(channelList.allSatisfy { $0 >= 0 && $0 < keys.channels })
    let first = tokens.lowerBound / KeyPanels.panelTokens
    let end = KeyPanels.paddedTokens(tokens.upperBound) / KeyPanels.panelTokens
    table.score(
      queries, keys.channels, rows, keys.storage.pointer, keys.channels, channelList, channelList.count,
      first,
      end - first, out + first * KeyPanels.panelTokens, stride)
  }
}
