/// What a candidate gives and what it costs: both are to be small.
public struct TradeOff: Sendable, Equatable {
  /// Quality lost, such as the output error.
  public let loss: Double
  /// Time or bytes.
  public let cost: Double
  /// How far it misses what was asked of its quality, as a share of that; 0 where it meets it.
  public let violation: Double

  public init(loss: Double, cost: Double, violation: Double = 0) {
    self.loss = loss
    self.cost = cost
    self.violation = violation
  }

  public var meetsTarget: Bool { violation <= 0 }

  /// No worse in both, and better in one.
  public func dominates(_ other: TradeOff) -> Bool {
    loss <= other.loss && cost <= other.cost && (loss < other.loss || cost < other.cost)
  }
}

/// Non-dominated ranks and crowding distances of NSGA-II (Deb et al. 2002, doi:10.1109/4235.996017).
public enum NonDominated {
  /// 0 for the front, 1 for the front of what is left without it, and so on.
  ///
  /// - Complexity: O(n log n): by ascending loss, a point is dominated by a front where the cheapest of it so far is
  ///   no dearer, and the fronts' cheapest ascend (Jensen 2003, doi:10.1109/TEVC.2003.817234).
  public static func ranks(_ points: [TradeOff]) -> [Int] {
    let order = points.indices.sorted {
      (points[$0].loss, points[$0].cost, $0) < (points[$1].loss, points[$1].cost, $1)
    }
    var result = Array(repeating: 0, count: points.count)
    var cheapest: [Double] = []
    var last: Int?
    for index in order {
      if let last, points[last].loss == points[index].loss, points[last].cost == points[index].cost {
        // Equals do not dominate each other.
        result[index] = result[last]
        continue
      }
      last = index
      var (low, high) = (0, cheapest.count)
      while low < high {
        let middle = (low + high) / 2
        if cheapest[middle] <= points[index].cost { low = middle + 1 } else { high = middle }
      }
      if low == cheapest.count { cheapest.append(points[index].cost) }
      cheapest[low] = points[index].cost
      result[index] = low
    }
    return result
  }

  /// How far a point's neighbours in its front lie apart, as shares of the front's extent; infinite at its ends.
  public static func crowding(_ points: [TradeOff], ranks: [Int]) -> [Double] {
    var result = Array(repeating: 0.0, count: points.count)
    for front in Dictionary(grouping: points.indices, by: { ranks[$0] }).values {
      for objective in [\TradeOff.loss, \TradeOff.cost] {
        let order = front.sorted {
          (points[$0][keyPath: objective], $0) < (points[$1][keyPath: objective], $1)
        }
        guard let first = order.first, let last = order.last else { continue }
        let extent = points[last][keyPath: objective] - points[first][keyPath: objective]
        result[first] = .infinity
        result[last] = .infinity
        guard extent > 0 else { continue }
        for place in order.indices.dropFirst().dropLast() {
          result[order[place]] +=
            (points[order[place + 1]][keyPath: objective] - points[order[place - 1]][keyPath: objective])
            / extent
        }
      }
    }
    return result
  }

  /// Indices, best first: by rank, then by crowding, then as they stand.
  public static func order(_ points: [TradeOff]) -> [Int] {
    let ranks = ranks(points)
    let crowding = crowding(points, ranks: ranks)
    return points.indices.sorted { (ranks[$0], -crowding[$0], $0) < (ranks[$1], -crowding[$1], $1) }
  }

  /// Indices of the front by ascending loss, the first of equals only.
  public static func front(_ points: [TradeOff]) -> [Int] {
    let ranks = ranks(points)
    let order = points.indices.filter { ranks[$0] == 0 }
      .sorted { (points[$0].loss, points[$0].cost, $0) < (points[$1].loss, points[$1].cost, $1) }
    return order.indices.filter { place in
      guard place > 0 else { return true }
      let (this, before) = (points[order[place]], points[order[place - 1]])
      return this.loss != before.loss || this.cost != before.cost
    }.map { order[$0] }
  }

  /// Area that the points dominate up to a reference point, over the area up to it: 1 were both free.
  public static func hypervolume(_ points: [TradeOff], loss: Double, cost: Double) -> Double {
    var area = 0.0
    var ceiling = cost
    for index in front(points) where points[index].loss < loss && points[index].cost < ceiling {
      area += (loss - points[index].loss) * (ceiling - points[index].cost)
      ceiling = points[index].cost
    }
    return area / (loss * cost)
  }
}
