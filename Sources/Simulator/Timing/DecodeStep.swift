import Hardware
import Kernels
import Policies

/// One decode step of one KV group, stage by stage, with the time of each.
final class DecodeStep {
  typealias Stages = [(stage: KernelSample.Stage, nanoseconds: Int, bytes: Int)]

  private let kernels: Kernels
  private let clock = ContinuousClock()
  private let scratch = TopKScratch()
  private var scores = FloatBuffer(count: 0)
  private var output = FloatBuffer(count: 0)
  private var chosen: [Int32] = []

  init(kernels: Kernels) { self.kernels = kernels }

  /// Full attention: the group's heads share one pass over keys and values.
  func dense(_ group: ColdGroup) -> (nanoseconds: Int, bytes: Int) {
    let heads = group.context.groupSize
    _ = prepare(group)
    let part = PartialAttention(heads: heads, valueChannels: group.context.valueDim)
    let everything = TokenRuns([0..<group.tokens])
    let elapsed = clock.measure {
      kernels.decodeAttend(cache(group), everything, queries(group, first: 0, heads: heads), into: part)
      kernels.decodeMerge([part], into: output.pointer)
    }
    return (elapsed.nanoseconds, group.bytes)
  }

  /// A policy's step: upkeep of its own data, score pass, top-k, and attention over `choice` (nil: everything).
  func policy(_ group: ColdGroup, pass: ScorePass, cache: ChannelCache?, perGroup: Bool, choice: Selections?)
    -> Stages
  {
    guard let choice else {
      let (nanoseconds, bytes) = dense(group)
      return [(.attend, nanoseconds, bytes)]
    }
    let stride = prepare(group)
    var stages: Stages = []
    if let cache {
      var written = 0
      let elapsed = clock.measure { written = cache.append(group) }
      stages.append((.upkeep, elapsed.nanoseconds, written))
    }
    if pass != .none {
      stages.append(score(group, pass: pass, cache: cache, stride: stride))
      stages.append(select(group, choice: choice, perGroup: perGroup, stride: stride))
    }
    stages.append(attend(group, choice: choice))
    return stages
  }

  private func score(_ group: ColdGroup, pass: ScorePass, cache: ChannelCache?, stride: Int) -> Stages.Element
  {
    let heads = group.context.groupSize
    let width = group.context.headDim
    var bytes = heads * group.tokens * 4
    var elapsed = Duration.zero
    if case .channels = pass, let cache {
      let queries = (0..<heads).map { cache.query($0, from: group.queries.pointer + $0 * width) }
      elapsed = clock.measure {
        for head in 0..<heads {
          kernels.decodeScore(
            planes: cache.planes(head), planeStride: cache.stride, element: group.element,
            tokens: group.tokens, queries: queries[head], channelList: cache.lists[head],
            into: scores.pointer + head * stride)
        }
      }
      bytes += cache.lists.reduce(0) { $0 + $1.count } * group.tokens * 2
    } else {
      // Token-major rows: a few channels of a row cost the whole row's cache lines, so the whole row is scored.
      elapsed = clock.measure {
        kernels.decodeScore(
          rows: group.keys, element: group.element, tokens: group.tokens, channels: width,
          queries: group.queries.pointer, heads: heads, into: scores.pointer, stride: stride)
      }
      bytes += group.tokens * width * 2
    }
    return (.score, elapsed.nanoseconds, bytes)
  }

  private func select(_ group: ColdGroup, choice: Selections, perGroup: Bool, stride: Int) -> Stages.Element {
    let heads = group.context.groupSize
    chosen = Array(repeating: 0, count: group.tokens)
    let elapsed = clock.measure {
      if perGroup {
        for head in 1..<max(heads, 1) {
          let row = scores.pointer + head * stride
          for token in 0..<group.tokens { scores.pointer[token] += row[token] }
        }
      }
      for head in 0..<(perGroup ? 1 : heads) {
        let row = UnsafeBufferPointer(start: scores.pointer + head * stride, count: group.tokens)
        chosen.withUnsafeMutableBufferPointer { buffer in
          if let start = buffer.baseAddress {
            kernels.topK(row, k: min(choice.count(head), group.tokens), into: start, scratch: scratch)
          }
        }
      }
    }
    return (.select, elapsed.nanoseconds, heads * group.tokens * 4)
  }

  private func attend(_ group: ColdGroup, choice: Selections) -> Stages.Element {
    let context = group.context
    var rows = 0
    let part = PartialAttention(heads: 1, valueChannels: context.valueDim)
    let elapsed = clock.measure {
      for head in 0..<context.groupSize {
        rows += choice.count(head)
        choice.withTokens(head) { tokens in
          kernels.decodeAttend(
            cache(group), tokens: tokens, queries(group, first: head, heads: 1), into: part)
          kernels.decodeMerge([part], into: output.pointer + head * context.valueDim)
        }
      }
    }
    return (.attend, elapsed.nanoseconds, rows * (context.headDim + context.valueDim) * 2)
  }

  private func cache(_ group: ColdGroup) -> DecodeCache {
    DecodeCache(
      keys: group.keys, values: group.values, element: group.element, tokens: group.tokens,
      channels: group.context.headDim, valueChannels: group.context.valueDim)
  }

  private func queries(_ group: ColdGroup, first: Int, heads: Int) -> DecodeQueries {
    DecodeQueries(
      group.queries.pointer + first * group.context.headDim, heads: heads, scale: group.context.scale)
  }

  /// Room for a row of scores per head, and the rows' stride.
  private func prepare(_ group: ColdGroup) -> Int {
    let stride = (group.tokens + 31) / 32 * 32 + 32
    let heads = group.context.groupSize
    if scores.count < heads * stride { scores = FloatBuffer(count: heads * stride) }
    if output.count < heads * group.context.valueDim + 64 {
      output = FloatBuffer(count: heads * group.context.valueDim + 64)
    }
    return stride
  }
}
