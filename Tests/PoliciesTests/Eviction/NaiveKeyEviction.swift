import Testing

@testable import Policies

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension NaiveEviction {
  /// TriAttention's scores of what is held, when the query is at a position.
  func triAttention(_ held: [Int], at position: Int, farthest: Int = 65_536) throws -> [Int: Double] {
    let layer = try #require(trace.statistics?[trace.layer])
    let offsets = (0..<17).map { 1 << $0 }.filter { $0 <= farthest }
    let heads = trace.queryHeads.map { head -> [Double] in
      let centre = layer.queryCentres[head].map(Double.init)
      let scores = held.map { token -> Double in
        let key = trace.turned(trace.key(token), by: -token)
        // The centre at each coming position against the rotated key.
        let products = offsets.map { dot(trace.turned(centre, by: position + $0), trace.key(token)) }
        var score = products.reduce(0, +) / Double(products.count)
        for chunk in 0..<4 {
          let part = { (v: [Double]) in length([v[chunk], v[chunk + 4]]) }
          score += (Double(layer.queryNorms[head][chunk]) - part(centre)) * part(key)
        }
        return score
      }
      let centred = scores.map { $0 - scores.reduce(0, +) / Double(scores.count) }
      let spread = (dot(centred, centred) / Double(scores.count)).squareRoot()
      return centred.map { $0 / max(spread, 1e-12) }
    }
    return Dictionary(
      uniqueKeysWithValues: held.enumerated().map { place, token in
        (token, heads.map { $0[place] }.max() ?? 0)
      })
  }
}

/// R-KV as its authors write it, with all cosines in a table.
struct NaiveRKV {
  let trace: SmallTrace
  let lambda: Double
  let window: Int
  let kernel: Int
  let buffer: Int
  /// Of each query, what it attended to and the largest of the heads' logits.
  var queries: [[Int: Double]] = []
  var values: [Int: Double] = [:]

  init(trace: SmallTrace, lambda: Double, window: Int, kernel: Int, buffer: Int) {
    (self.trace, self.lambda, self.window, self.kernel, self.buffer) = (trace, lambda, window, kernel, buffer)
    for (index, position) in trace.windowPositions.enumerated() {
      remember(trace.windowQueries.map { $0[index].map(Double.init) }, over: Array(0...position))
    }
  }

  mutating func remember(_ heads: [[Double]], over tokens: [Int]) {
    let logits = tokens.map { token in
      (token, heads.map { dot($0, trace.key(token)) * Double(trace.scale) }.max() ?? 0)
    }
    queries.append(Dictionary(uniqueKeysWithValues: logits))
    queries = queries.suffix(window)
  }

  mutating func sets(_ budgets: [Int]) -> [[Int]] {
    let naive = NaiveEviction(trace: trace)
    var (held, joined) = ([Int](), 1_000_000)
    return budgets.enumerated().map { step, k in
      joined += naive.join(&held, step)
      if held.count > k {
        if joined >= min(buffer, max(1, (k - window) / 2)) {
          judge(held)
          joined = 0
        }
        naive.drop(&held, to: k, recent: window + joined) { values[$0] ?? 0 }
      }
      remember(trace.queries.map { $0[step].map(Double.init) }, over: held)
      return held
    }
  }

  mutating func judge(_ held: [Int]) {
    let past = Array(held.dropLast(window))
    let importance = mean(
      queries.map { query in softmax(past.map { query[$0] ?? -.infinity }) } + (past.isEmpty ? [[]] : []))
    let directions = held.map { token in trace.key(token).map { $0 / max(length(trace.key(token)), 1e-30) } }
    var table = directions.map { row in directions.map { dot(row, $0) } }
    for row in held.indices {
      table[row][row] = 0
      // A cosine of a half is no copy; sums in another order may say otherwise.
      table[row][held.indices.last { table[row][$0] > 0.5 + 1e-6 } ?? 0] = 0
    }
    let likeness = softmax(mean(table))
    for place in past.indices {
      let near = past.indices.filter { abs($0 - place) <= kernel / 2 }.map { importance[$0] }.max() ?? 0
      values[past[place]] = lambda * near - (1 - lambda) * likeness[place]
    }
  }

  private func softmax(_ logits: [Double]) -> [Double] {
    let largest = logits.max() ?? 0
    let weights = logits.map { exp($0 - largest) }
    return weights.map { $0 / weights.reduce(0, +) }
  }
}
