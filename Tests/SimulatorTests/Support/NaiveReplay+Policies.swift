import Attention

@testable import Policies
@testable import Simulator

extension NaiveReplay {
  /// The set of every row, by each policy's definition.
  ///
  /// - Parameter chunks: FASA's dominant chunks of this head.
  func sets(
    _ configuration: ReplayConfiguration, layer: Int, head: Int, rows: [Int], chunks: [Int]
  ) -> [Set<Int>] {
    let values = configuration.policy.values
    let sinks = values.integer(.sinks)
    let recent = values.integer(.recent)
    return rows.map { row in
      let visible = visible(layer: layer, row: row)
      let k = configuration.budget.map { self.k($0, layer: layer, row: row) } ?? visible.count
      func scores(_ channels: [Int]? = nil) -> Row {
        guard let channels else { return full(layer: layer, head: head, row: row).scores }
        return self.scores(layer: layer, head: head, row: row, channels: channels)
      }
      switch configuration.policy.descriptor.name {
      case "oracle": return Self.best(scores(), k, sinks: sinks, recent: recent)
      case "oracle-mass":
        return smallest(
          full(layer: layer, head: head, row: row).weights, reaching: values.number(OracleMass.p))
      case "random":
        // The draw itself is Policies' own affair; what becomes of it is tested here.
        var generator = SplitMix64(seed: 0, layer, head, trace.positions[row])
        let middle = visible.lowerBound + sinks..<visible.upperBound - recent
        return Set(visible.prefix(sinks)).union(visible.suffix(recent))
          .union(generator.sample(k - sinks - recent, of: middle))
      case "streaming-llm":
        let first = visible.filter { $0 < sinks }
        return Set(first).union(visible.suffix(k - first.count))
      case "fasa":
        return Self.best(scores(chunks.flatMap(channels).sorted()), k, sinks: sinks, recent: recent)
      default: return Set(visible)
      }
    }
  }

  private func smallest(_ weights: Row, reaching share: Double) -> Set<Int> {
    var mass = 0.0
    var result: Set<Int> = []
    let ranked = weights.sorted { $0.value != $1.value ? $0.value > $1.value : $0.token < $1.token }
    for (token, weight) in ranked where mass < share {
      mass += weight
      result.insert(token)
    }
    return result
  }

  /// The two channels of a rotation.
  func channels(_ chunk: Int) -> [Int] {
    let rope = trace.metadata.rope
    return rope.pairing == .half ? [chunk, chunk + rope.rotaryDim / 2] : [2 * chunk, 2 * chunk + 1]
  }

  /// CA_K of a head: `[chunk]`, averaged over rows.
  func agreement(layer: Int, head: Int, rows: [Int], window: Int) -> [Double] {
    (0..<trace.metadata.rope.rotaryDim / 2).map { chunk in
      let sum = rows.reduce(0.0) { sum, row in
        let scores = full(layer: layer, head: head, row: row).scores
        let k = min(window, scores.count)
        let alone = self.scores(layer: layer, head: head, row: row, channels: channels(chunk))
        return sum + Double(Self.best(scores, k).intersection(Self.best(alone, k)).count) / Double(k)
      }
      return sum / Double(rows.count)
    }
  }

  /// The chunks of highest agreement; ties go to the lower chunk.
  static func dominant(_ agreement: [Double], _ count: Int) -> [Int] {
    Array(agreement.indices.sorted { (agreement[$0], $1) > (agreement[$1], $0) }.prefix(count))
  }
}
