import Foundation
import Policies

@testable import Simulator

/// What a replay must find, from the definitions alone: loops in double precision.
struct NaiveReplay {
  let trace: HandTrace
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

  /// Raw, unscaled; exact.
  func score(layer: Int, head: Int, row: Int, token: Int, channels: [Int]? = nil) -> Double {
    let query = trace.queries[layer][head][row]
    let key = trace.keys[layer][head / groupSize][token]
    var sum = 0.0
    for channel in channels ?? Array(query.indices) { sum += Double(query[channel]) * Double(key[channel]) }
    return sum
  }

  func scores(layer: Int, head: Int, row: Int, channels: [Int]? = nil) -> [Int: Double] {
    var result: [Int: Double] = [:]
    for token in visible(layer: layer, row: row) {
      result[token] = score(layer: layer, head: head, row: row, token: token, channels: channels)
    }
    return result
  }

  /// The k best of `scores`, the first `sinks` and last `recent` whatever their score; ties go to the lower token.
  static func best(_ scores: [Int: Double], _ k: Int, sinks: Int = 0, recent: Int = 0) -> Set<Int> {
    let tokens = scores.keys.sorted()
    var kept = Set(tokens.prefix(min(sinks, k)))
    for token in tokens.reversed().prefix(recent) where kept.count < k { kept.insert(token) }
    let ranked = tokens.filter { !kept.contains($0) }.sorted { left, right in
      let (a, b) = (scores[left] ?? 0, scores[right] ?? 0)
      return a != b ? a > b : left < right
    }
    return kept.union(ranked.prefix(k - kept.count))
  }

  /// Softmax of all visible tokens, or of `tokens` alone.
  func attention(_ scores: [Int: Double], over tokens: Set<Int>? = nil) -> [Int: Double] {
    let logits = scores.filter { tokens?.contains($0.key) ?? true }.mapValues { score in
      let logit = score * trace.metadata.attention.scale
      return trace.metadata.attention.logitSoftcap.map { $0 * tanh(logit / $0) } ?? logit
    }
    let largest = logits.values.max() ?? 0
    let sum = logits.values.reduce(0) { $0 + exp($1 - largest) }
    return logits.mapValues { exp($0 - largest) / sum }
  }

  func output(_ weights: [Int: Double], layer: Int, head: Int) -> [Double] {
    var result = Array(repeating: 0.0, count: trace.metadata.geometry.valueDim)
    for (token, weight) in weights {
      let value = trace.values[layer][head / groupSize][token]
      for channel in result.indices { result[channel] += weight * Double(value[channel]) }
    }
    return result
  }

  /// ‖o_S − o‖₂ / ‖o‖₂
  func outputError(_ scores: [Int: Double], _ chosen: Set<Int>, layer: Int, head: Int) -> Double {
    let full = output(attention(scores), layer: layer, head: head)
    let part = output(attention(scores, over: chosen), layer: layer, head: head)
    let difference = zip(full, part).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / full.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }
}
