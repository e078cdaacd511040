/// How a serving engine's cache stores keys and values.
public enum CacheFormat: String, CaseIterable, Sendable, Codable {
  case f32, f16, bf16
  /// e4m3 with a scale of 1: vLLM, TensorRT-LLM.
  case fp8
  /// Eight bits with a 32-bit scale for each token and KV head: vLLM.
  case int8
  /// llama.cpp's blocks of 32 channels.
  case q8 = "q8_0"
  case q4 = "q4_0"
  /// The same of keys and values that are turned first, as llama.cpp does by default.
  case turnedQ8 = "q8_0-rotated"
  case turnedQ4 = "q4_0-rotated"
  /// KIVI with 4 and 2 bits.
  case kivi4, kivi2
  /// e2m1 with a scale for 16 channels.
  case nvfp4

  /// Which of the two is stored: they are not stored alike everywhere.
  public enum Side: Sendable, CaseIterable { case keys, values }

  public init(_ element: ElementType) {
    self =
      switch element {
      case .f16: .f16
      case .bf16: .bf16
      case .f32: .f32
      }
  }

  /// Channels that are stored together, so that a head has a multiple of them.
  public var channels: Int {
    switch self {
    case .f32, .f16, .bf16, .fp8, .int8: 1
    case .q8, .q4, .kivi4, .kivi2: BlockFormats.channels
    case .turnedQ8, .turnedQ4: 64
    case .nvfp4: ScaledFormats.nvfp4Channels
    }
  }

  /// Bits of a number alone.
  public var numberBits: Int {
    switch self {
    case .f32: 32
    case .f16, .bf16: 16
    case .fp8, .int8, .q8, .turnedQ8: 8
    case .q4, .turnedQ4, .kivi4, .nvfp4: 4
    case .kivi2: 2
    }
  }

  /// Bits of a number, what lies beside it shared out, in a row of so many channels.
  public func bits(channels: Int) -> Double {
    switch self {
    case .f32: 32
    case .f16, .bf16: 16
    case .fp8: 8
    case .int8: 8 + 32 / Double(channels)
    case .q8, .turnedQ8: 8.5
    case .q4, .turnedQ4, .nvfp4: 4.5
    case .kivi4: 5
    case .kivi2: 3
    }
  }

  /// Bytes of a row of one KV head's key or value, rounded up; of those that are stored, not of those still exact.
  public func rowBytes(channels: Int) -> Int {
    Int((bits(channels: channels) * Double(channels) / 8).rounded(.up))
  }

  /// Tokens that are stored in this format when a step attends to `tokens`, its own among them; the rest is exact still.
  public func stored(_ side: Side, of tokens: Int) -> Int {
    switch (self, side) {
    case (.kivi4, .keys), (.kivi2, .keys): KIVI.roundedKeys(of: tokens)
    case (.kivi4, .values), (.kivi2, .values): KIVI.roundedValues(of: tokens)
    default: tokens
    }
  }
}
