import Kernels

/// Lloyd's k-means over rows of floats, the same on every machine: centroids begin at rows evenly apart, ties go
/// to the lower centroid, and sums run over the rows in ascending order.
struct KMeans {
  /// `[centroids][width]`
  private(set) var centroids: FloatBuffer
  let count: Int
  let width: Int

  /// By what a row is held to be near a centroid.
  enum Nearness { case distance, cosine }

  /// - Parameters:
  ///   - rows: `[rowCount][width]`.
  ///   - nearness: by which the rounds go.
  init(
    _ rows: UnsafePointer<Float>, rowCount: Int, width: Int, centroids wanted: Int, rounds: Int,
    by nearness: Nearness = .distance, kernels: Kernels
  ) {
    count = max(1, min(wanted, rowCount))
    self.width = width
    centroids = FloatBuffer(count: count * width)
    for index in 0..<count where rowCount > 0 {
      (centroids.pointer + index * width).update(from: rows + index * rowCount / count * width, count: width)
    }
    let points = Points(rows, rowCount: rowCount, width: width, kernels: kernels)
    var before: [Int32] = []
    for _ in 0..<rounds where rowCount > 0 {
      let owner = nearest(points, by: nearness)
      // Whose rows stay have the same means in all rounds to come.
      if owner == before { break }
      move(rows, to: owner)
      before = owner
    }
  }

  /// Rows packed for scoring, each with a last channel of one.
  struct Points {
    let panels: KeyPanels
    let kernels: Kernels

    init(_ rows: UnsafePointer<Float>, rowCount: Int, width: Int, kernels: Kernels) {
      let wide = FloatBuffer(count: rowCount * (width + 1))
      for row in 0..<rowCount {
        (wide.pointer + row * (width + 1)).update(from: rows + row * width, count: width)
        wide[row * (width + 1) + width] = 1
      }
      panels = kernels.packKeys(
        UnsafeRawBufferPointer(start: wide.pointer, count: wide.count * 4), element: .f32, tokens: rowCount,
        channels: width + 1)
      self.kernels = kernels
    }
  }

  /// The centroid nearest to each row: the largest of `x · c − |c|² / 2`, or by cosine of `x · c / |c|`.
  func nearest(_ points: Points, by nearness: Nearness = .distance) -> [Int32] {
    let rows = points.panels.tokens
    let stride = KeyPanels.paddedTokens(rows)
    var best = Array(repeating: -Float.infinity, count: rows)
    var owner = Array(repeating: Int32(0), count: rows)
    guard rows > 0 else { return [] }
    let queries = FloatBuffer(count: count * (width + 1))
    for index in 0..<count {
      let centroid = centroids.pointer + index * width
      let query = queries.pointer + index * (width + 1)
      query.update(from: centroid, count: width)
      let square = (0..<width).reduce(Float(0)) { $0 + centroid[$1] * centroid[$1] }
      query[width] = nearness == .distance ? -square / 2 : 0
      if nearness == .cosine, square > 0 {
        for channel in 0..<width { query[channel] /= square.squareRoot() }
      }
    }
    let block = 64
    let scores = FloatBuffer(count: block * stride)
    for first in Swift.stride(from: 0, to: count, by: block) {
      let some = min(block, count - first)
      points.kernels.score(
        queries: queries.pointer + first * (width + 1), rows: some, keys: points.panels,
        channelList: Array(0..<Int32(width + 1)), tokens: 0..<rows, into: scores.pointer, stride: stride)
      best.withUnsafeMutableBufferPointer { best in
        owner.withUnsafeMutableBufferPointer { owner in
          for index in 0..<some {
            let (values, centroid) = (scores.pointer + index * stride, Int32(first + index))
            // Without a branch, so that several rows are compared at once.
            for row in 0..<rows {
              let isNearer = values[row] > best[row]
              best[row] = isNearer ? values[row] : best[row]
              owner[row] = isNearer ? centroid : owner[row]
            }
          }
        }
      }
    }
    return owner
  }

  /// Every centroid becomes the mean of its rows; one without rows stays.
  private mutating func move(_ rows: UnsafePointer<Float>, to owner: [Int32]) {
    let sums = FloatBuffer(count: count * width)
    var members = Array(repeating: 0, count: count)
    for (row, centroid) in owner.enumerated() {
      members[Int(centroid)] += 1
      let sum = sums.pointer + Int(centroid) * width
      for channel in 0..<width { sum[channel] += rows[row * width + channel] }
    }
    for index in 0..<count where members[index] > 0 {
      for channel in 0..<width {
        centroids[index * width + channel] = sums[index * width + channel] / Float(members[index])
      }
    }
  }
}
