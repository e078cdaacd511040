import Attention
import Testing

@testable import Kernels

/// Packing keys: `[ceil(tokens / 16)][channels][16]`, absent tokens zero.
@Suite struct KeyPanelsTests {
  @Test func tokensAreRoundedUpToPanels() {
    #expect([0, 1, 15, 16, 17, 32, 257].map(KeyPanels.paddedTokens) == [0, 16, 16, 16, 32, 32, 272])
  }

  @Test(arguments: InstructionSet.available, ElementType.allCases)
  func packedKeysAreTheStoredOnes(set: InstructionSet, element: ElementType) throws {
    let kernels = try Kernels(set)
    for (tokens, channels) in [
      (0, 8), (1, 1), (1, 80), (15, 8), (16, 64), (17, 96), (50, 128), (33, 256), (5, 3),
    ] {
      let stored = Stored(element, count: tokens * channels, seed: UInt64(tokens * 1000 + channels))
      let keys = kernels.packKeys(stored.bytes.raw, element: element, tokens: tokens, channels: channels)
      #expect(keys.tokens == tokens && keys.channels == channels)
      #expect(Array(keys.storage.values) == Self.panels(stored.floats, tokens: tokens, channels: channels))
    }
  }

  @Test(arguments: InstructionSet.available) func storageOfTheSameSizeIsUsedAgain(set: InstructionSet) throws
  {
    let kernels = try Kernels(set)
    let (first, second) = (Stored(.f16, count: 32 * 8, seed: 1), Stored(.f16, count: 20 * 8, seed: 2))
    let old = kernels.packKeys(first.bytes.raw, element: .f16, tokens: 32, channels: 8)
    // Fewer tokens in as many panels: what the old keys left behind must be gone.
    let new = kernels.packKeys(second.bytes.raw, element: .f16, tokens: 20, channels: 8, reusing: old)
    #expect(new.storage === old.storage)
    #expect(Array(new.storage.values) == Self.panels(second.floats, tokens: 20, channels: 8))
    let other = kernels.packKeys(second.bytes.raw, element: .f16, tokens: 10, channels: 8, reusing: new)
    #expect(other.storage !== new.storage)
  }

  private static func panels(_ rows: [Float], tokens: Int, channels: Int) -> [Float] {
    var result: [Float] = []
    for panel in 0..<(tokens + 15) / 16 {
      for channel in 0..<channels {
        for token in panel * 16..<panel * 16 + 16 {
          result.append(token < tokens ? rows[token * channels + channel] : 0)
        }
      }
    }
    return result
  }
}
