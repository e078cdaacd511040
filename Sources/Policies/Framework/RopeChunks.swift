import Attention

/// The two-dimensional frequency chunks into which rotary position embedding splits a head.
///
/// Chunk i turns by `base^(-2i / rotaryDim)` radians per token. Which two channels it is depends on how
/// the weights are laid out; channels past `rotaryDim` are not rotated and belong to no chunk.
public struct RopeChunks: Sendable, Hashable {
  public let pairing: RopePairing
  public let rotaryDim: Int

  public init(pairing: RopePairing, rotaryDim: Int) {
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
