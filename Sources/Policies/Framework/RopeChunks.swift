/// The two-dimensional frequency chunks into which rotary position embedding splits a head.
///
/// Chunk i turns by `base^(-2i / rotaryDim)` radians per token. Which two channels it is depends on how
/// the weights are laid out; channels past `rotaryDim` are not rotated and belong to no chunk.
public struct RopeChunks: Sendable, Hashable {
  public enum Pairing: String, Sendable, CaseIterable, Codable {
    /// (i, i + rotaryDim / 2): Hugging Face's rotate_half, GPT-NeoX.
    case half
    /// (2i, 2i + 1): GPT-J, llama.cpp's permuted Llama weights.
    case interleaved
  }

  public let pairing: Pairing
  public let rotaryDim: Int

  public init(pairing: Pairing, rotaryDim: Int) {
    self.pairing = pairing
    self.rotaryDim = rotaryDim
  }

  public var count: Int { rotaryDim / 2 }

  /// The two channels of chunk `chunk`, ascending.
  public func channels(_ chunk: Int) -> [Int32] {
    switch pairing {
    case .half: [Int32(chunk), Int32(chunk + rotaryDim / 2)]
    case .interleaved: [Int32(2 * chunk), Int32(2 * chunk + 1)]
    }
  }

  /// The channels of several chunks, ascending: the order in which a score sums them.
  public func channels(of chunks: [Int]) -> [Int32] { chunks.flatMap(channels).sorted() }

  /// The same chunks sliced as (2i, 2i + 1) whatever the layout, as FASA's released code does.
  public var adjacent: RopeChunks { RopeChunks(pairing: .interleaved, rotaryDim: rotaryDim) }
}
