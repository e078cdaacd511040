/// A value that several members of a population have.
struct WeightedValue {
  let value: Double
  let count: Int

  init(_ value: Double, count: Int) {
    self.value = value
    self.count = count
  }

  /// The value that a share of all members lies below; between neighbours in proportion. 0 for no members.
  static func quantile(_ values: [WeightedValue], _ share: Double) -> Double {
    let sorted = values.sorted { $0.value < $1.value }
    let place = share * Double(max(sorted.reduce(0) { $0 + $1.count } - 1, 0))
    let low = Int(place.rounded(.down))
    func member(_ place: Int) -> Double {
      var end = 0
      for some in sorted {
        end += some.count
        if place < end { return some.value }
      }
      return sorted.last?.value ?? 0
    }
    return member(low) + (member(low + 1) - member(low)) * (place - Double(low))
  }
}
