import Kernels
import Policies

/// The channels that a head's partial score reads, as planes `[channels][stride]` of 16-bit tokens.
struct ChannelCache {
  /// Of each query head of the group: its planes and the planes' numbers in them.
  private let planes: [FloatBuffer]
  let lists: [[Int32]]
  let stride: Int
  /// Channel of the key that each plane holds, by head.
  private let sources: [[Int32]]
  /// Heads whose planes a new token is written to: those that share one set write it once.
  private let writers: [Int]

  /// - Returns: nil where the layout keeps no planes.
  init?(_ group: ColdGroup, channels: [[Int32]], layout: ChannelLayout) {
    let stride = (group.tokens + 31) / 32 * 32
    self.stride = stride
    switch layout {
    case .rows: return nil
    case .packed:
      sources = channels
      lists = channels.map { Array(0..<Int32($0.count)) }
      planes = channels.map { Self.planes(group, $0, stride: stride) }
      writers = Array(channels.indices)
    case .planes:
      let all = Array(0..<Int32(group.context.headDim))
      let shared = Self.planes(group, all, stride: stride)
      sources = channels.map { _ in all }
      lists = channels
      planes = channels.map { _ in shared }
      writers = [0]
    }
  }

  func planes(_ head: Int) -> UnsafeMutablePointer<UInt16> { planes[head].halves }

  /// The query's channels in the order of the planes.
  func query(_ head: Int, from queries: UnsafePointer<Float>) -> [Float] {
    sources[head].map { queries[Int($0)] }
  }

  /// Writes the newest token's channels, as a decoder does at every step.
  func append(_ group: ColdGroup) -> Int {
    let token = group.tokens - 1
    let row = group.keys + token * group.context.headDim
    var written = 0
    for head in writers {
      let target = planes[head].halves
      for (plane, channel) in sources[head].enumerated() {
        target[plane * stride + token] = row[Int(channel)]
      }
      written += sources[head].count * 2
    }
    return written
  }

  private static func planes(_ group: ColdGroup, _ channels: [Int32], stride: Int) -> FloatBuffer {
    let result = FloatBuffer(count: channels.count * stride / 2)
    let width = group.context.headDim
    for (plane, channel) in channels.enumerated() {
      let target = result.halves + plane * stride
      let source = group.keys + Int(channel)
      for token in 0..<group.tokens { target[token] = source[token * width] }
    }
    return result
  }
}
