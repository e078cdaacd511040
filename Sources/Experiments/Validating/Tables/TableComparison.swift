import Pricing

/// A table of measurements beside what each bundled kernel set predicts of its rows. Nothing is fitted to it here.
struct TableComparison {
  struct Prediction {
    /// One for each of ``TableComparison/labels``.
    let labels: [String]
    /// What was measured, as lists of cases show it.
    let shape: String
    /// Nil of a table whose rows are not told apart by that.
    let isFromMemory: Bool?
    let unit: String
    let measured: Double
    /// In the unit; one for each of ``TableComparison/sets``, nil where a set does not serve the machine.
    let predicted: [Double?]
  }

  /// As the file names it.
  let path: String
  let kind: TableKind
  /// What lines are told apart by.
  let labels: [String]
  /// That a short account tells lines apart by.
  let shortLabels: [String]
  /// Names of the kernel sets.
  let sets: [String]
  let predictions: [Prediction]
  /// Why rows were left out, and how many.
  let leftOut: [String: Int]
  /// What a reader should know of the errors.
  let notes: [String]
}

extension TableComparison {
  /// Places of the sets that predict any row.
  var shownSets: [Int] { sets.indices.filter { set in predictions.contains { $0.predicted[set] != nil } } }

  /// Errors over rows with the same labels.
  struct Line {
    let labels: [String]
    /// Nil where the table tells no rows from memory apart.
    let part: String?
    let rows: Int
    /// One for each of the sets; nil where it predicts none.
    let errors: [ModelError?]
    /// Of speed-ups beyond 0.8× to 1.25×: how many there are, and how many each set has on the right side of 1×.
    let decided: Int
    let sideRight: [Int]
  }

  static let all = "all"
  static let fromMemory = "from memory"

  func lines(isShort: Bool) -> [Line] {
    let shown = isShort ? shortLabels : labels
    let places = shown.compactMap(labels.firstIndex)
    var groups: [[String]: [Prediction]] = [:]
    for prediction in predictions {
      groups[places.map { prediction.labels[$0] }, default: []].append(prediction)
    }
    return groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { names, group in
      let large = group.filter { $0.isFromMemory == true }
      guard group.contains(where: { $0.isFromMemory != nil }) else { return [line(names, nil, group)] }
      return [line(names, Self.all, group)] + (large.isEmpty ? [] : [line(names, Self.fromMemory, large)])
    }
  }

  private func line(_ labels: [String], _ part: String?, _ group: [Prediction]) -> Line {
    func pairs(_ set: Int) -> [(predicted: Double, measured: Double)] {
      group.compactMap { row in row.predicted[set].map { ($0, row.measured) } }
    }
    let speedUps = group.filter { $0.unit == Self.speedUp && !(0.8...1.25).contains($0.measured) }
    return Line(
      labels: labels, part: part, rows: group.count,
      errors: sets.indices.map { set in pairs(set).isEmpty ? nil : ModelError(pairs(set)) },
      decided: speedUps.count,
      sideRight: sets.indices.map { set in
        speedUps.count { row in row.predicted[set].map { ($0 > 1) == (row.measured > 1) } ?? false }
      })
  }

  static let speedUp = "×"
}
