extension EvictionCache {
  /// Pages of which a unit holds tokens, ascending.
  func pages(_ unit: Int, pageTokens: Int) -> [Int] {
    var result: [Int] = []
    for token in kept[unit] where result.last != Int(token) / pageTokens {
      result.append(Int(token) / pageTokens)
    }
    return result
  }

  /// Evicts whole pages until k tokens or fewer are left. The last page, and those of which `keeping` guards a token, stay;
  /// where they hold more than k, the earliest tokens go.
  ///
  /// - Parameter goesFirst: whether the first of two pages goes before the second.
  mutating func shrinkByPages(
    _ unit: Int, pageTokens: Int, to k: Int, keeping: Guard, goesFirst: (Int, Int) -> Bool
  ) {
    guard kept[unit].count > k, let newest = kept[unit].last.map(Int.init) else { return }
    let recent = newest + 1 - max(1, keeping.recent)
    let free = pages(unit, pageTokens: pageTokens).filter {
      $0 * pageTokens >= keeping.sinks && ($0 + 1) * pageTokens <= recent
    }
    var counts: [Int: Int] = [:]
    for token in kept[unit] { counts[Int(token) / pageTokens, default: 0] += 1 }
    var excess = kept[unit].count - k
    var gone: Set<Int> = []
    for page in free.sorted(by: goesFirst) where excess > 0 {
      gone.insert(page)
      excess -= counts[page] ?? 0
    }
    drop(unit) { gone.contains($0 / pageTokens) }
    shrink(unit, to: k, keeping: keeping) { Float($0) }
  }
}
