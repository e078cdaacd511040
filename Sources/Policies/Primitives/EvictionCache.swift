import Attention
import Kernels

/// What an evicting policy still holds: a set of tokens for each unit, which is a query head, or a KV head where its
/// query heads share one set. A token that was dropped never comes back.
struct EvictionCache: Sendable {
  /// Ascending, of each unit.
  private(set) var kept: [[Int32]]
  /// Tokens that stayed when others had to go, summed over all such times: whose values were compared.
  private(set) var compared = 0
  /// First token that a unit has not seen.
  private var next: [Int]
  private let heads: Int

  init(_ group: GroupContext, perGroup: Bool) {
    heads = group.groupSize
    let units = perGroup ? 1 : group.groupSize
    kept = Array(repeating: [], count: units)
    next = Array(repeating: 0, count: units)
  }

  var units: Range<Int> { kept.indices }

  /// The query heads of a unit, counted within the group.
  func heads(_ unit: Int) -> Range<Int> { kept.count == heads ? unit..<unit + 1 : 0..<heads }

  /// Tokens that a step sees for the first time join; those that a sliding window has left behind go.
  ///
  /// - Returns: the tokens that joined.
  @discardableResult mutating func join(_ unit: Int, _ step: Step) -> Range<Int> {
    let start = max(next[unit], step.visible.lowerBound)
    let joined = start..<max(start, step.visible.upperBound)
    if let first = kept[unit].first, Int(first) < step.visible.lowerBound {
      kept[unit].removeAll { Int($0) < step.visible.lowerBound }
    }
    kept[unit].append(contentsOf: joined.lazy.map(Int32.init))
    next[unit] = joined.upperBound
    return joined
  }

  /// Bytes that hold so many for each token that is kept, of those before `end`.
  func bytes(perToken: Int, before end: Int = .max) -> Int {
    kept.reduce(0) { sum, tokens in
      sum + (end == .max ? tokens.count : tokens.prefix { $0 < end }.count) * perToken
    }
  }

  /// Evicts tokens whatever they are worth.
  mutating func drop(_ unit: Int, where isGone: (Int) -> Bool) { kept[unit].removeAll { isGone(Int($0)) } }

  /// Evicts the tokens of least value until k are left. Those of the text's first `keeping.sinks` and of the last
  /// `keeping.recent` tokens held stay, as far as k allows, and the newest always does. Of equals the later one goes.
  mutating func shrink(_ unit: Int, to k: Int, keeping: Guard = Guard(), value: (Int) -> Float) {
    let tokens = kept[unit]
    let excess = tokens.count - k
    guard excess > 0 else { return }
    compared += k
    // What is oldest after a sliding window, or a small k, took the sinks was never one.
    let sinks = tokens.prefix(keeping.sinks).prefix { $0 < keeping.sinks }.count
    let guarded = Guard(sinks: min(sinks, max(0, k - 1)), recent: max(1, keeping.recent))
    let middle = guarded.split(0..<tokens.count, budget: k).middle
    if excess == 1 {
      var (victim, least) = (middle.lowerBound, Float.infinity)
      for place in middle {
        let value = value(Int(tokens[place]))
        if value <= least { (victim, least) = (place, value) }
      }
      kept[unit].remove(at: victim)
      return
    }
    let values = middle.map { value(Int(tokens[$0])) }
    var stays = Array(repeating: true, count: tokens.count)
    for index in values.bestFirst().suffix(excess) { stays[middle.lowerBound + index] = false }
    kept[unit] = tokens.indices.lazy.filter { stays[$0] }.map { tokens[$0] }
  }
}

/// The sets of a block as its policy walks it, step by step.
struct EvictionRecord {
  private var rows: [[Int32]]
  private let block: QueryBlock

  init(_ block: QueryBlock) {
    self.block = block
    rows = Array(repeating: [], count: block.rows)
  }

  /// What a unit attends to at a step.
  mutating func add(_ cache: EvictionCache, unit: Int, step: Int) {
    for head in cache.heads(unit) { rows[block.row(head: head, step: step)] = cache.kept[unit] }
  }

  var selections: Selections {
    var result = Selections()
    for row in rows { result.appendRow(row) }
    return result
  }
}

extension EvictionCache {
  /// Walks a block by values that decoding does not change.
  ///
  /// - Parameter values: `[unit][token]`.
  mutating func walk(_ block: QueryBlock, budgets: [Int], values: [[Float]], keeping: Guard = Guard())
    -> Selections
  {
    walk(block, budgets: budgets, keeping: keeping) { values[$0][$1] }
  }

  /// The same by values that are looked up.
  mutating func walk(
    _ block: QueryBlock, budgets: [Int], keeping: Guard = Guard(), value: (_ unit: Int, _ token: Int) -> Float
  ) -> Selections {
    var record = EvictionRecord(block)
    for (step, k) in budgets.enumerated() {
      for unit in units {
        join(unit, block.steps[step])
        shrink(unit, to: k, keeping: keeping) { value(unit, $0) }
        record.add(self, unit: unit, step: step)
      }
    }
    return record.selections
  }
}
