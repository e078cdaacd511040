@testable import Policies

/// Evicting policies as loops over dictionaries, from their papers: no code of the policies' own.
struct NaiveEviction {
  let trace: SmallTrace
  var sinks = 0
  var recent = 0

  /// Walks the steps of one set: what each step attends to.
  ///
  /// - Parameters:
  ///   - value: of a token held, at a step.
  ///   - see: the step attends to these.
  func sets(
    _ budgets: [Int], recent: ((Int) -> Int)? = nil, value: (Int, Int) -> Double,
    see: (Int, [Int]) -> Void = { _, _ in }
  ) -> [[Int]] {
    var held: [Int] = []
    return trace.steps.indices.map { step in
      join(&held, step)
      drop(&held, to: budgets[step], recent: recent?(step) ?? self.recent) { value($0, step) }
      see(step, held)
      return held
    }
  }

  /// What a step sees for the first time joins; what it sees no more goes.
  ///
  /// - Returns: how many joined.
  @discardableResult func join(_ held: inout [Int], _ step: Int) -> Int {
    let next = step == 0 ? 0 : trace.steps[step - 1].visible.upperBound
    let visible = trace.steps[step].visible
    let new = Array(next..<visible.upperBound).filter(visible.contains)
    held = held.filter(visible.contains) + new
    return new.count
  }

  /// Those of least value go; of equals the later.
  func drop(_ held: inout [Int], to k: Int, recent: Int, value: (Int) -> Double) {
    while held.count > k {
      let first = min(held.filter { $0 < sinks }.count, k - 1)
      let last = max(1, min(recent, k - first))
      let victim = held.dropFirst(first).dropLast(last).min { (value($0), -$0) < (value($1), -$1) }
      held.removeAll { $0 == victim }
    }
  }

  /// Attention of a step's head over what is held.
  func attention(_ head: Int, _ step: Int, _ held: [Int]) -> [Int: Double] {
    trace.attention(trace.query(head, step), over: held)
  }

  func h2o(heads: [Int], _ budgets: [Int]) -> [[Int]] {
    var gathered: [Int: Double] = [:]
    for head in heads {
      if let attention = trace.promptAttention {
        for (token, weight) in attention[head].enumerated() { gathered[token, default: 0] += Double(weight) }
      } else {
        for query in trace.windowPositions.indices {
          for (token, weight) in trace.windowAttention(head: head, query) {
            gathered[token, default: 0] += weight
          }
        }
      }
    }
    return sets(budgets, recent: { budgets[$0] / 2 }, value: { token, _ in gathered[token] ?? 0 }) {
      step, held in
      for head in heads {
        for (token, weight) in attention(head, step, held) { gathered[token, default: 0] += weight }
      }
    }
  }

  func tova(_ budgets: [Int]) -> [[Int]] {
    var last: [Int: Double] = [:]
    func remember(_ weights: [[Int: Double]]) {
      last = [:]
      for head in weights { for (token, weight) in head { last[token, default: 0] += weight } }
    }
    remember(trace.queries.indices.map { trace.windowAttention(head: $0, trace.windowPositions.count - 1) })
    return sets(budgets, value: { token, _ in last[token] ?? 0 }) { step, held in
      remember(trace.queries.indices.map { attention($0, step, held) })
    }
  }

  func scissorhands(heads: [Int], window: Int, _ budgets: [Int]) -> [[Int]] {
    var history: [Set<Int>] = []
    func remember(_ weights: [[Int: Double]], of count: Int) {
      var sums: [Int: Double] = [:]
      for head in weights { for (token, weight) in head { sums[token, default: 0] += weight } }
      let even = Double(weights.count) / Double(count)
      history.append(Set(sums.filter { $0.value > even * (1 + 1e-7) }.keys))
      if history.count > window { history.removeFirst() }
    }
    for query in trace.windowPositions.indices {
      remember(heads.map { trace.windowAttention(head: $0, query) }, of: trace.windowPositions[query] + 1)
    }
    return sets(budgets, value: { token, _ in Double(history.filter { $0.contains(token) }.count) }) {
      step, held in
      remember(heads.map { attention($0, step, held) }, of: held.count)
    }
  }

  /// A value per token by the votes of the window's last queries.
  func snapValues(heads: [Int], window: Int, kernel: Int, isMax: Bool) -> [Double] {
    let start = max(0, trace.promptTokens - window)
    var votes = Array(repeating: 0.0, count: start)
    for head in heads {
      for (query, position) in trace.windowPositions.enumerated() where position >= start {
        for (token, weight) in trace.windowAttention(head: head, query) where token < start {
          votes[token] += weight
        }
      }
    }
    let pooled = votes.indices.map { token -> Double in
      let near = (token - kernel / 2..<token - kernel / 2 + kernel).filter(votes.indices.contains).map {
        votes[$0]
      }
      return isMax ? near.max() ?? 0 : near.reduce(0, +) / Double(kernel)
    }
    return pooled + (start..<trace.keys.count).map { 1000 + Double($0) }
  }

  func snapKV(heads: [Int], window: Int, kernel: Int, isMax: Bool, _ budgets: [Int]) -> [[Int]] {
    let values = snapValues(heads: heads, window: window, kernel: kernel, isMax: isMax)
    return sets(budgets, value: { token, _ in values[token] })
  }

  func keyDiff(_ budgets: [Int]) -> [[Int]] {
    var held: [Int] = []
    var next = 0
    let directions = trace.keys.map { key -> [Double] in
      let vector = key.map(Double.init)
      return length(vector) > 0 ? vector.map { $0 / length(vector) } : vector
    }
    return trace.steps.indices.map { step in
      held += Array(next...trace.steps[step].position)
      next = trace.steps[step].position + 1
      let excess = held.count - budgets[step]
      if excess > 0 {
        let centre = sum(held.map { directions[$0] })
        let order = held.dropLast().sorted {
          let (a, b) = (dot(directions[$0], centre), dot(directions[$1], centre))
          return abs(a - b) > 1e-5 ? a > b : $0 > $1
        }
        held.removeAll(where: order.prefix(excess).contains)
      }
      return held
    }
  }
}
