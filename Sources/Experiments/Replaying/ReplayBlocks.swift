import Policies
import Simulator

/// Places of configurations, block by block, in an order that shares work.
///
/// Policies that walk the trace alike come together, since a block pays for each way of walking; a policy's budgets stay
/// together where they fit, since they share its scores.
struct ReplayBlocks {
  private var policies: ArraySlice<[Int]>
  private var count: Int

  init(_ places: [Int], of configurations: [ReplayConfiguration]) {
    func rank(_ places: [Int]) -> (Int, Int) {
      (Self.walk(configurations[places[0]].policy), places[0])
    }
    policies =
      Dictionary(grouping: places) { configurations[$0].policy }.values.sorted {
        rank($0) < rank($1)
      }[...]
    count = places.count
  }

  /// Which way of walking the trace a policy takes, in the order in which they come.
  static func walk(_ policy: PolicyConfiguration) -> Int {
    let scopes: [PolicyDescriptor.Scope] = [.group, .layer, .model]
    return scopes.firstIndex(of: policy.scope) ?? scopes.count
  }

  /// About `size` places; what would be left for a small block joins in. Nil after the last.
  mutating func next(_ size: Int) -> [Int]? {
    guard count > 0 else { return nil }
    let isLast = count < size + BlockSize.fewest
    var block: [Int] = []
    while let policy = policies.first, isLast || block.isEmpty || block.count + policy.count <= size {
      if !isLast, policy.count > size {
        block += policy.prefix(size)
        policies[policies.startIndex] = Array(policy.dropFirst(size))
        break
      }
      block += policy
      policies.removeFirst()
    }
    count -= block.count
    return block
  }
}
