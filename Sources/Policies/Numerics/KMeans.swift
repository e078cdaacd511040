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

  /// Rows packed for scoring, each with a last channel of one, in parts that the caches hold while all centroids pass over them.
  struct Points {
    /// All of as many rows but the last.
    let parts: [KeyPanels]
    let kernels: Kernels
    static let partRows = 512

    init(_ rows: UnsafePointer<Float>, rowCount: Int, width: Int, kernels: Kernels) {
      let wide = FloatBuffer(count: min(rowCount, Self.partRows) * (width + 1))
      parts = stride(from: 0, to: rowCount, by: Self.partRows).map { first in
        let count = min(Self.partRows, rowCount - first)
        for place in 0..<count {
          let row = wide.pointer + place * (width + 1)
          row.update(from: rows + (first + place) * width, count: width)
          row[width] = 1
        }
        return kernels.packKeys(
          UnsafeRawBufferPointer(start: wide.pointer, count: count * (width + 1) * 4), element: .f32,
          tokens: count, channels: width + 1)
      }
      self.kernels = kernels
    }
  }

  /// The centroid nearest to each row: the largest of `x · c − |c|² / 2`, or by cosine of `x · c / |c|`.
  func nearest(_ points: Points, by nearness: Nearness = .distance) -> [Int32] {
    let queries = queries(by: nearness)
    let channels = Array(0..<Int32(width + 1))
    // A multiple of the rows that every instruction set scores at once.
    let block = 48
    // Rows of scores one cache line off a power of two apart, so that they do not push each other out.
    let stride = Points.partRows + KeyPanels.panelTokens
    let scores = FloatBuffer(count: block * stride)
    var owners: [Int32] = []
    for part in points.parts {
      var best = Array(repeating: -Float.infinity, count: part.tokens)
      var numbers = Array(repeating: Float(0), count: part.tokens)
      for first in Swift.stride(from: 0, to: count, by: block) {
        let some = min(block, count - first)
        points.kernels.score(
          queries: queries.pointer + first * (width + 1), rows: some, keys: part, channelList: channels,
          tokens: 0..<part.tokens, into: scores.pointer, stride: stride)
        best.withUnsafeMutableBufferPointer {
          points.kernels.keepLargest(
            scores.pointer, stride: stride, rows: some, first: first, largest: $0, numbers: &numbers)
        }
      }
      owners += numbers.map { Int32($0) }
    }
    return owners
  }

  /// Of each centroid what rows with a last channel of one are scored by: `[centroids][width + 1]`.
  private func queries(by nearness: Nearness) -> FloatBuffer {
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
    return queries
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
