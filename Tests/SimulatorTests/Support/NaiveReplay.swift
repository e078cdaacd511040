import Foundation
import Policies

@testable import Simulator

/// What a replay must find, from the definitions alone: loops in double precision.
final class NaiveReplay {
  let trace: HandTrace
  /// Scores over all channels and what follows from them, asked for by every configuration.
  private var known: [Place: Full] = [:]

  init(trace: HandTrace) { self.trace = trace }

  private struct Place: Hashable { let layer, head, row: Int }

  /// Full attention of one query.
  struct Full {
    let scores: Row
    let weights: Row
    let output: [Double]
  }

  func full(layer: Int, head: Int, row: Int) -> Full {
    let place = Place(layer: layer, head: head, row: row)
    if let found = known[place] { return found }
    let scores = scores(layer: layer, head: head, row: row)
    let weights = attention(scores)
    let result = Full(
      scores: scores, weights: weights, output: output(weights, layer: layer, head: head))
    known[place] = result
    return result
  }

  private var geometry: (queryHeads: Int, kvHeads: Int) {
    (trace.metadata.geometry.queryHeads, trace.metadata.geometry.kvHeads)
  }
  var groupSize: Int { geometry.queryHeads / geometry.kvHeads }

  /// The tokens that a query sees.
  func visible(layer: Int, row: Int) -> Range<Int> {
    let end = trace.positions[row] + 1
    guard let window = trace.metadata.slidingWindow(layer: layer) else { return 0..<end }
    return max(0, end - window)..<end
  }

  /// Tokens with a number each, ascending by token.
  typealias Row = [(token: Int, value: Double)]

  /// `q · K` over all channels or some; raw, unscaled and exact.
  func scores(layer: Int, head: Int, row: Int, channels: [Int]? = nil) -> Row {
    let query = trace.queries[layer][head][row]
    let keys = trace.keys[layer][head / groupSize]
    let channels = channels ?? Array(query.indices)
    return visible(layer: layer, row: row).map { token in
      let key = keys[token]
      var sum = 0.0
      for channel in channels { sum += Double(query[channel]) * Double(key[channel]) }
      return (token, sum)
    }
  }

  /// The k best of `scores`, the first `sinks` and last `recent` whatever their score; ties go to the lower token.
  static func best(_ scores: Row, _ k: Int, sinks: Int = 0, recent: Int = 0) -> Set<Int> {
    var kept = Set(scores.prefix(min(sinks, k)).map(\.token))
    for (token, _) in scores.reversed().prefix(recent) where kept.count < k { kept.insert(token) }
    let ranked = scores.filter { !kept.contains($0.token) }
      .sorted { $0.value != $1.value ? $0.value > $1.value : $0.token < $1.token }
    return kept.union(ranked.prefix(k - kept.count).map(\.token))
  }

  /// Softmax of all visible tokens, or of `tokens` alone.
  func attention(_ scores: Row, over tokens: Set<Int>? = nil) -> Row {
    let scale = trace.metadata.attention.scale
    let cap = trace.metadata.attention.logitSoftcap
    let logits: Row = scores.filter { tokens?.contains($0.token) ?? true }.map { token, score in
      (token, cap.map { $0 * tanh(score * scale / $0) } ?? score * scale)
    }
    let largest = logits.map(\.value).max() ?? 0
    let weights = logits.map { exp($0.value - largest) }
    let sum = weights.reduce(0, +)
    return zip(logits, weights).map { ($0.token, $1 / sum) }
  }

  func output(_ weights: Row, layer: Int, head: Int) -> [Double] {
    var result = Array(repeating: 0.0, count: trace.metadata.geometry.valueDim)
    let values = trace.values[layer][head / groupSize]
    for (token, weight) in weights {
      let value = values[token]
      for channel in result.indices { result[channel] += weight * Double(value[channel]) }
    }
    return result
  }

  /// ‖o_S − o‖₂ / ‖o‖₂
  func outputError(_ full: Full, _ chosen: Set<Int>, layer: Int, head: Int) -> Double {
    outputDifference(full, chosen, layer: layer, head: head) / Self.norm(full.output)
  }

  /// ‖o_S − o‖₂
  func outputDifference(_ full: Full, _ chosen: Set<Int>, layer: Int, head: Int) -> Double {
    let part = output(attention(full.scores, over: chosen), layer: layer, head: head)
    return Self.norm(zip(full.output, part).map { $0 - $1 })
  }

  static func norm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
