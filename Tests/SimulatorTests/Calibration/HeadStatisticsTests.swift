import Foundation
import Policies
import Testing

@testable import Simulator
@testable import Traces

/// Head statistics against loops in double precision.
@Suite struct HeadStatisticsTests {
  static let hand = HandTrace(
    prompt: 400, decode: 6, window: 2,
    geometry: .init(layers: 2, queryHeads: 4, kvHeads: 2, headDim: 8, valueDim: 4),
    rope: .init(pairing: .half, base: 100, rotaryDim: 6))

  static func profile(in folder: TemporaryFolder) throws -> CalibrationProfile {
    try Calibration(hand.trace(in: folder, element: .f32)).run(CalibrationOptions(windows: [20]))
  }

  @Test func everyStatisticIsWhatItsDefinitionSays() throws {
    let folder = try TemporaryFolder()
    let statistics = try #require(try Self.profile(in: folder).statistics)
    let naive = NaiveReplay(trace: Self.hand)
    let rows = Self.hand.decodeRows
    for layer in 0..<2 {
      let found = try #require(statistics[layer])
      for kvHead in 0..<2 {
        let keys = Self.hand.keys[layer][kvHead].map { $0.map(Double.init) }
        Self.expectAxes(found.keyAxes[kvHead], of: keys)
        Self.expectAxes(
          found.unrotatedKeyAxes[kvHead],
          of: keys.enumerated().map { Self.turned($0.element, by: -$0.offset) })
        var weights = Array(repeating: 0.0, count: 8)
        var far = 0.0
        for head in kvHead * 2..<kvHead * 2 + 2 {
          for row in rows {
            let full = naive.full(layer: layer, head: head, row: row)
            for c in 0..<8 {
              let sizes = full.scores.reduce(0) { $0 + abs(keys[$1.token][c]) } / Double(full.scores.count)
              weights[c] +=
                abs(Double(Self.hand.queries[layer][head][row][c])) * sizes / Double(2 * rows.count)
            }
            let end = full.weights.count
            far +=
              full.weights.filter { $0.token >= 128 && $0.token < end - 256 }.reduce(0) { $0 + $1.value }
              / Double(2 * rows.count)
          }
        }
        for c in 0..<8 { #expect(abs(Double(found.channelWeights[kvHead][c]) - weights[c]) < 1e-4) }
        #expect(abs(Double(found.retrieval[kvHead]) - far) < 1e-4)
      }
      for head in 0..<4 {
        let queries = rows.map {
          Self.turned(Self.hand.queries[layer][head][$0].map(Double.init), by: -Self.hand.positions[$0])
        }
        let own = try #require(found.ownChannelWeights)
        for c in 0..<8 {
          let products = rows.map {
            abs(
              Double(
                Self.hand.queries[layer][head][$0][c]
                  * Self.hand.keys[layer][head / 2][Self.hand.positions[$0]][c]))
          }
          #expect(abs(Double(own[head][c]) - products.reduce(0, +) / Double(rows.count)) < 1e-4)
        }
        for c in 0..<8 {
          let mean = queries.reduce(0) { $0 + $1[c] } / Double(queries.count)
          #expect(abs(Double(found.queryCentres[head][c]) - mean) < 1e-4)
        }
        for chunk in 0..<3 {
          let lengths = queries.map { query -> Double in
            let (x, y) = (query[chunk], query[chunk + 3])
            return (x * x + y * y).squareRoot()
          }
          let mean = lengths.reduce(0, +) / Double(lengths.count)
          #expect(abs(Double(found.queryNorms[head][chunk]) - mean) < 1e-4)
        }
      }
    }
  }

  /// Axes are at right angles, and the covariance stretches each by its variance, most first.
  static func expectAxes(_ matrix: AxisMatrix, of vectors: [[Double]]) {
    let d = vectors[0].count
    let centre = (0..<d).map { c in vectors.reduce(0) { $0 + $1[c] } / Double(vectors.count) }
    var covariance = Array(repeating: Array(repeating: 0.0, count: d), count: d)
    for vector in vectors {
      let off = zip(vector, centre).map { $0 - $1 }
      for i in 0..<d { for j in 0..<d { covariance[i][j] += off[i] * off[j] / Double(vectors.count) } }
    }
    #expect(matrix.variances == matrix.variances.sorted(by: >) && matrix.axes.count == d)
    for (axis, variance) in zip(matrix.axes, matrix.variances) {
      for i in 0..<d {
        let image = (0..<d).reduce(0.0) { $0 + covariance[i][$1] * Double(axis[$1]) }
        #expect(abs(image - Double(variance) * Double(axis[i])) < 2e-3)
      }
    }
  }

  static func turned(_ vector: [Double], by position: Int) -> [Double] {
    var result = vector
    for chunk in 0..<3 {
      let angle = Double(position) * hand.metadata.rotationFrequencies(layer: 0)[chunk]
      result[chunk] = vector[chunk] * cos(angle) - vector[chunk + 3] * sin(angle)
      result[chunk + 3] = vector[chunk] * sin(angle) + vector[chunk + 3] * cos(angle)
    }
    return result
  }

  @Test func aFileHoldsWhatWasMeasured() throws {
    let folder = try TemporaryFolder()
    let profile = try Self.profile(in: folder)
    let loaded = try LoadedProfile(path: folder.file(profile.encoded(), "p.json"))
    #expect(loaded.profile == profile)
    #expect(loaded.profile.headStatistics(for: .half) != nil)
    #expect(loaded.profile.headStatistics(for: .interleaved) == nil)
  }

  @Test func anotherShapeIsRefused() throws {
    let folder = try TemporaryFolder()
    for change in 0..<5 {
      var profile = try Self.profile(in: folder)
      switch change {
      case 0: profile.statistics?.layers[1].queryCentres.removeLast()
      case 1: profile.statistics?.layers[1].channelWeights[0].removeLast()
      case 2: profile.statistics?.layers[1].keyAxes.removeLast()
      case 3: profile.statistics?.layers[1].ownChannelWeights?[3].removeLast()
      default: profile.statistics?.layers[1].retrieval.append(0)
      }
      let path = try folder.file(profile.encoded(), "p.json")
      #expect(
        throws: ReplayError(
          path, expected: "a sound calibration profile",
          found: "that head statistics of layer 1 have another shape than the model",
          advice: "calibrate again with this version")
      ) { try LoadedProfile(path: path) }
    }
  }

  /// Two texts of equal weight: means are halfway, and axes are those of the mean covariance.
  @Test func severalTextsAreMerged() throws {
    let folder = try TemporaryFolder()
    let one = try Self.profile(in: folder)
    var other = Self.hand
    other.keys[0][0] = other.keys[0][0].map { $0.map { $0 * 2 } }
    let two = try Calibration(other.trace(in: folder, name: "b.zst", element: .f32)).run(
      CalibrationOptions(windows: [20]))
    let merged = try #require(try CalibrationProfile.merging([one, two]).statistics)
    let (a, b) = (try #require(one.statistics?[0]), try #require(two.statistics?[0]))
    for c in 0..<8 {
      #expect(
        abs(merged.layers[0].channelWeights[0][c] - (a.channelWeights[0][c] + b.channelWeights[0][c]) / 2)
          < 1e-5)
    }
    // Keys twice as long: the same axes, and variances of 1 and 4 times.
    for (value, single) in zip(merged.layers[0].keyAxes[0].variances, a.keyAxes[0].variances) {
      #expect(abs(value - 2.5 * single) < 2e-2)
    }
    let (own, others) = (try #require(a.ownChannelWeights), try #require(b.ownChannelWeights))
    for c in 0..<8 {
      let found = try #require(merged.layers[0].ownChannelWeights)[1][c]
      #expect(abs(found - (own[1][c] + others[1][c]) / 2) < 1e-5)
    }
    var old = two
    old.statistics?.layers[0].ownChannelWeights = nil
    let without = try #require(try CalibrationProfile.merging([one, old]).statistics)
    #expect(without.layers[0].ownChannelWeights == nil && without.layers[1].ownChannelWeights != nil)
    var lacking = two
    lacking.statistics = nil
    #expect(try CalibrationProfile.merging([one, lacking]).statistics == nil)
  }
}
