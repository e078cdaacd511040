/// Formats with a scale for each token and head, or for a whole tensor.
enum ScaledFormats {
  /// Eight bits, a sign among them, by a 32-bit scale of the token's largest magnitude over 127, at least 1e-6; to nearest,
  /// of two the even one (vLLM's int8_per_token_head).
  static func int8(_ values: UnsafeMutablePointer<Float>, count: Int) {
    let scale = max(largest(values, count) / 127, 1e-6)
    for i in 0..<count {
      values[i] = (min(127, max(-128, (values[i] / scale).rounded(.toNearestOrEven))) + 0) * scale
    }
  }

  /// e4m3 by the tensor's scale, which is 1 where nothing calibrated one (vLLM, TensorRT-LLM).
  static func fp8(_ values: UnsafeMutablePointer<Float>, count: Int, scale: Float = 1) {
    for i in 0..<count { values[i] = SmallFloat.e4m3.nearest(values[i] / scale) * scale }
  }

  /// e2m1 by an e4m3 scale for 16 channels, itself by one of the tensor.
  ///
  /// - Parameter tensor: that scale: the tensor's largest magnitude over 6 · 448 (ModelOpt).
  static func nvfp4(_ values: UnsafeMutablePointer<Float>, count: Int, tensor: Float) {
    for start in stride(from: 0, to: count, by: nvfp4Channels) {
      let block = values + start
      let share = tensor > 0 ? largest(block, nvfp4Channels) / (6 * tensor) : 0
      let scale = SmallFloat.e4m3.nearest(share) * tensor
      for i in 0..<nvfp4Channels {
        block[i] = scale > 0 ? SmallFloat.e2m1.nearest(block[i] / scale) * scale : 0
      }
    }
  }
  static let nvfp4Channels = 16

  static func nvfp4Tensor(largest: Float) -> Float { largest / (6 * SmallFloat.e4m3.largest) }

  static func largest(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
    var largest: Float = 0
    for i in 0..<count { largest = max(largest, abs(values[i])) }
    return largest
  }
}
