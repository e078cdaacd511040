import Attention
import Testing

@testable import Kernels

/// Packing values: `[ceil(tokens / 256)][strips of 16 channels][256][16]`, the rest zero.
@Suite struct ValueTilesTests {
  @Test(arguments: InstructionSet.available, ElementType.allCases)
  func packedValuesAreTheStoredOnes(set: InstructionSet, element: ElementType) throws {
    let kernels = try Kernels(set)
    for (tokens, channels) in [(0, 8), (1, 1), (3, 80), (255, 8), (256, 20), (257, 64), (300, 96)] {
      let stored = Stored(element, count: tokens * channels, seed: UInt64(tokens * 1000 + channels))
      let values = kernels.packValues(stored.bytes.raw, element: element, tokens: tokens, channels: channels)
      #expect(values.tokens == tokens && values.channels == channels)
      #expect(values.paddedChannels == (channels + 15) / 16 * 16)
      #expect(Array(values.storage.values) == Self.tiles(stored.floats, tokens: tokens, channels: channels))
    }
  }

  @Test(arguments: InstructionSet.available) func storageOfTheSameSizeIsUsedAgain(set: InstructionSet) throws
  {
    let kernels = try Kernels(set)
    let (first, second) = (Stored(.bf16, count: 200 * 24, seed: 1), Stored(.bf16, count: 9 * 17, seed: 2))
    let old = kernels.packValues(first.bytes.raw, element: .bf16, tokens: 200, channels: 24)
    let new = kernels.packValues(second.bytes.raw, element: .bf16, tokens: 9, channels: 17, reusing: old)
    #expect(new.storage === old.storage)
    #expect(Array(new.storage.values) == Self.tiles(second.floats, tokens: 9, channels: 17))
    let other = kernels.packValues(first.bytes.raw, element: .bf16, tokens: 9, channels: 33, reusing: new)
    #expect(other.storage !== new.storage)
  }

  private static func tiles(_ rows: [Float], tokens: Int, channels: Int) -> [Float] {
    let strips = (channels + 15) / 16
    var result = [Float](repeating: 0, count: (tokens + 255) / 256 * strips * 256 * 16)
    for token in 0..<tokens {
      for channel in 0..<channels {
        let strip = (token / 256 * strips + channel / 16) * 256 + token % 256
        result[strip * 16 + channel % 16] = rows[token * channels + channel]
      }
    }
    return result
  }
}
