extension ModelShape {
  /// Prompt tokens that an engine works through at once, beside which decoding runs: vLLM's default on machines of 80 GB.
  public static let prefillTokens = 8192.0

  /// Bytes that activations of a prefill take on each of `devices` that share its layers: an estimate.
  ///
  /// At the widest place of a layer there are the residual, what a norm made of it and the MLP's output, all of them on
  /// every device, and the two inputs of the gate, of which each device has its part; 16 bits each.
  public func activationBytes(devices: Double = 1, tokens: Double = ModelShape.prefillTokens) -> Double {
    2 * tokens * (3 * widths.hidden + 2 * widths.intermediate / devices)
  }
}
