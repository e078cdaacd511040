/// What is told of long work on one line: what is done, of how much, how fast, and how long it goes on.
package struct ProgressText: Sendable {
  /// Things that are done one after another.
  package struct Count: Sendable {
    /// In the plural.
    let unit: String
    var done: Int
    /// Nil where it is not known how many there will be.
    var total: Int?
    /// That were done before the work began.
    var before: Int

    package init(_ unit: String, done: Int = 0, of total: Int? = nil, before: Int = 0) {
      (self.unit, self.done, self.total, self.before) = (unit, done, total, before)
    }
  }

  package let title: String
  /// Seconds that it was estimated to take before it began.
  private let expected: Double?
  private var left = TimeLeft()

  package init(_ title: String, expected: Double? = nil) {
    self.title = title.onOneLine
    self.expected = expected
  }

  /// - Parameters:
  ///   - share: of the work that is done; nil where it is not known how much there is.
  ///   - width: columns of the terminal, of which the line leaves the last free.
  /// - Returns: the line, and the seconds that are left where they are known.
  package mutating func line(_ time: Double, share: Double?, count: Count?, width: Int) -> (
    text: String, left: Double?
  ) {
    let left = share.flatMap { self.left.update(time: time, share: $0) }
    var parts: [String] = []
    if let count {
      let total = count.total.map { " of \(NumberText.grouped($0))" } ?? ""
      parts.append("\(NumberText.grouped(count.done))\(total) \(count.unit)")
    }
    if let share { parts.append("\(Int(saturating: 100 * share)) %") }
    let rate = rate(time, share: share, count).map { [$0] } ?? []
    let end = [left.map { "\(DurationText.about($0)) left" } ?? begun(time)]
    let room = max(8, width - 1)
    for shown in [parts + rate + end, parts + end, Array(parts.suffix(1)) + end, end] {
      let text = shown.joined(separator: ", ")
      let least = title.isEmpty ? 0 : min(TextWidth.of(title), 12) + 2
      if TextWidth.of(text) + least <= room { return (fitted(text, room), left) }
    }
    return (String(end[0].prefix(room)), left)
  }

  /// What is told until the pace is known: what was expected, if it is worth a word and not past.
  private func begun(_ time: Double) -> String {
    guard let expected, expected > max(time, TimeLeft.firstSeconds) else { return "\(Int(time)) s" }
    return "\(DurationText.about(expected)) expected"
  }

  /// A title that is too long keeps its end, where a path says which it is.
  private func fitted(_ text: String, _ room: Int) -> String {
    let most = room - TextWidth.of(text) - 2
    if TextWidth.of(title) <= most { return "\(title): \(text)" }
    var end = Substring(title)
    while TextWidth.of(end) > most - 1 { end.removeFirst() }
    return "…\(end): \(text)"
  }

  private func rate(_ time: Double, share: Double?, _ count: Count?) -> String? {
    guard let count, time >= TimeLeft.firstSeconds else { return nil }
    let done =
      share.flatMap { share in count.total.map { share * Double($0 - count.before) } }
      ?? Double(count.done - count.before)
    guard done > 0 else { return nil }
    let rate = done / time
    return rate >= 10
      ? "\(NumberText.grouped(Int(saturating: rate)))/s"
      : rate >= 0.5
        ? "\(NumberText.decimal(rate, places: 1))/s" : "\(NumberText.decimal(60 * rate, places: 1))/min"
  }
}
