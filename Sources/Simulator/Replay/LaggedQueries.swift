import Attention
import Kernels
import Policies

/// The queries that choose where steps choose by earlier ones.
enum LaggedQueries {
  /// Of each step in `range` the queries of some steps before, or of the first one there is.
  ///
  /// - Parameters:
  ///   - queries: `[heads][steps][width]`
  ///   - steps: of `queries`, whether or not in the range.
  static func of(
    _ queries: FloatBuffer, _ range: Range<Int>, steps: Int, heads: Int, width: Int, lag: Lag
  ) -> FloatBuffer {
    let result = FloatBuffer(count: heads * range.count * width)
    func query(_ head: Int, _ step: Int) -> UnsafeMutablePointer<Float> {
      queries.pointer + (head * steps + step) * width
    }
    for step in range {
      let before = max(0, step - lag.steps)
      let cosines = (0..<heads).map { cosine(query($0, step), query($0, before), width) }
      let isNear = lag.cosine == 0 || cosines.reduce(0, +) / Double(max(heads, 1)) >= lag.cosine
      for head in 0..<heads {
        (result.pointer + (head * range.count + step - range.lowerBound) * width).update(
          from: query(head, isNear ? before : step), count: width)
      }
    }
    return result
  }

  private static func cosine(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ width: Int) -> Double {
    var (product, left, right) = (0.0, 0.0, 0.0)
    for c in 0..<width {
      product += Double(a[c]) * Double(b[c])
      left += Double(a[c]) * Double(a[c])
      right += Double(b[c]) * Double(b[c])
    }
    return left > 0 && right > 0 ? product / (left * right).squareRoot() : 1
  }
}

/// Blocks of the same steps by other queries, each made when it is first asked for.
final class LaggedBlocks {
  private let make: (Lag) -> ScoredBlock
  private var exact: [Lag: ScoredBlock] = [:]
  private var stored: [Lag: [CacheFormat: ScoredBlock]] = [:]

  init(_ make: @escaping (Lag) -> ScoredBlock) { self.make = make }

  func block(_ lag: Lag) -> ScoredBlock {
    if let known = exact[lag] { return known }
    let block = make(lag)
    exact[lag] = block
    return block
  }

  func block(_ lag: Lag, of cache: StoredCache, worker: ReplayWorker) -> ScoredBlock {
    if let known = stored[lag]?[cache.format] { return known }
    let block = cache.block(like: block(lag), worker: worker)
    stored[lag, default: [:]][cache.format] = block
    return block
  }
}
