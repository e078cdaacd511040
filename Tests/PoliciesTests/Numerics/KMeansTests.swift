import Attention
import Kernels
import Testing

@testable import Policies

struct KMeansTests {
  /// Small whole numbers, whose products no rounding touches; more rows and centroids than one pass holds of either.
  @Test(arguments: [(rows: 1, centroids: 1), (511, 47), (512, 48), (1100, 100)]) func ownersAreTheNearest(
    rows: Int, centroids: Int
  ) throws {
    let width = 5
    var random = SplitMix64(seed: UInt64(rows), 1)
    let numbers = (0..<rows * width).map { _ in Float(Int(random.next() % 9) - 4) }
    let kernels = try Kernels()
    let means = KMeans(
      numbers, rowCount: rows, width: width, centroids: centroids, rounds: 0, kernels: kernels)
    let owners = means.nearest(
      KMeans.Points(numbers, rowCount: rows, width: width, kernels: kernels))
    #expect(owners.count == rows)
    for (row, owner) in owners.enumerated() {
      let distances = (0..<centroids).map { centroid in
        (0..<width).reduce(0) { sum, channel in
          let place = centroid * rows / centroids * width + channel
          return sum
            + Int(
              (numbers[row * width + channel] - numbers[place])
                * (numbers[row * width + channel] - numbers[place]))
        }
      }
      #expect(Int(owner) == distances.firstIndex(of: distances.min() ?? 0))
    }
  }
}
