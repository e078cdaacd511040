import Testing

@testable import Experiments

@Suite struct TimeLeftTests {
  /// Every half second, of work whose share done is a function of time; nil before it is known.
  func told(_ seconds: Double, _ share: (Double) -> Double) -> [(time: Double, left: Double?)] {
    var left = TimeLeft()
    return stride(from: 0.5, through: seconds, by: 0.5).map { ($0, left.update(time: $0, share: share($0))) }
  }

  @Test func nothingIsToldBeforeItIsKnown() {
    #expect(told(2.5) { $0 / 100 }.allSatisfy { $0.left == nil })
    // Hardly begun, however long it takes.
    #expect(told(60) { $0 / 10_000 }.allSatisfy { $0.left == nil })
    // A standstill at the start.
    #expect(told(20) { _ in 0 }.allSatisfy { $0.left == nil })
  }

  @Test func evenWorkIsToldExactly() {
    let even = told(99) { $0 / 100 }
    for (time, left) in even where time >= 3 {
      #expect(left.map { abs($0 - (100 - time)) < 1e-6 } == true)
    }
  }

  /// Blocks of unlike pace, as a replay's: never more than a quarter up or down within a second.
  @Test func nothingJumps() {
    let uneven = told(100) { time in
      let block = (time / 10).rounded(.down)
      return (block + min(1, (time - block * 10) / 5)) / 10
    }
    let known = uneven.compactMap { item in item.left.map { (item.time, $0) } }
    for (before, after) in zip(known, known.dropFirst(2)) where before.1 > 10 {
      #expect(after.1 < before.1 * 1.25 + 1 && after.1 > before.1 * 0.75 - 1, "\(before) \(after)")
    }
    // Within a third of what comes.
    for (time, left) in known where time > 20 && time < 80 {
      #expect(abs(left - (100 - time)) < (100 - time) / 3 + 3, "\(time) \(left)")
    }
  }

  /// The work becomes four times as slow half-way.
  @Test func aLastingChangeIsTakenOver() {
    let changed = told(100) { $0 <= 20 ? $0 / 40 : 0.5 + ($0 - 20) / 160 }
    let at = { (time: Double) in changed.first { $0.time == time }?.left ?? 0 }
    #expect(abs(at(20) - 20) < 1)
    #expect(abs(at(90) - 10) < 4)
  }

  @Test(arguments: [
    (0.2, "about 1 s"), (7.2, "about 8 s"), (12, "about 10 s"), (57, "about 55 s"), (61, "about 1 min"),
    (200, "about 3 min"), (3599, "about 1 h"), (4900, "about 1 h 20 min"), (1e9, "very long"),
  ])
  func timesAreRound(seconds: Double, text: String) { #expect(DurationText.about(seconds) == text) }
}

@Suite struct ProgressTextTests {
  @Test func aLineSaysWhatIsDoneHowFastAndHowLong() {
    var text = ProgressText("replaying t.zst")
    let count = ProgressText.Count("configurations", done: 4, of: 40)
    #expect(
      text.line(0.5, share: nil, count: count, width: 80).text
        == "replaying t.zst: 4 of 40 configurations, 0 s")
    #expect(
      text.line(2, share: 0.05, count: count, width: 80).text
        == "replaying t.zst: 4 of 40 configurations, 5 %, 2 s")
    let (line, left) = text.line(10, share: 0.1, count: count, width: 90)
    #expect(line == "replaying t.zst: 4 of 40 configurations, 10 %, 24.0/min, about 2 min left")
    #expect(left.map { (90...120).contains($0) } == true)
  }

  @Test func withoutATotalWhatIsDoneIsTold() {
    var text = ProgressText("writing a.csv")
    let (line, left) = text.line(4, share: nil, count: .init("rows", done: 8000), width: 80)
    #expect(line == "writing a.csv: 8,000 rows, 2,000/s, 4 s" && left == nil)
  }

  @Test(arguments: 1...100) func aLineFits(width: Int) {
    var text = ProgressText("replaying /a/long/path/to/some/traces/prose-8192.zst")
    let count = ProgressText.Count("configurations", done: 1234, of: 4000, before: 100)
    for share in [nil, 0.5] {
      let line = text.line(100, share: share, count: count, width: width).text
      #expect(TextWidth.of(line) <= max(8, width - 1), "\(line)")
    }
  }
}
