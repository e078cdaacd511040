import Attention
import Kernels

/// How a row stores the keys and values of one KV head in a layer.
struct LiveFormat: Sendable {
  let format: CacheFormat
  /// What a tensor's numbers share, by the prompt's.
  private let keyScale: Float
  private let valueScale: Float

  /// - Parameters:
  ///   - keys: the prompt's, `[tokens][headDim]`.
  ///   - values: the prompt's, `[tokens][valueDim]`.
  init(
    _ format: CacheFormat, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, tokens: Int,
    model: LiveModel
  ) {
    self.format = format
    keyScale = format.tensorScale(keys, count: tokens * model.headDim)
    valueScale = format.tensorScale(values, count: tokens * model.valueDim)
  }

  func round(key: UnsafeMutablePointer<Float>, channels: Int) {
    format.round(key, tokens: 1, channels: channels, side: .keys, tensor: keyScale)
  }

  func round(value: UnsafeMutablePointer<Float>, channels: Int) {
    format.round(value, tokens: 1, channels: channels, side: .values, tensor: valueScale)
  }
}
