import Foundation

/// How long work goes on, by the share of it that is done: nothing until that can be known, and never a wild jump.
///
/// What is shown counts down with the clock, and moves to what the work's pace says within some seconds: a single slow or quick part
/// moves it little, a lasting change of pace moves it all the way.
package struct TimeLeft: Sendable {
  /// Before these nothing is known: what is read and warmed up first says little about the rest.
  static let (firstSeconds, firstShare) = (3.0, 0.02)
  /// Seconds in which what is shown takes over most of a change.
  static let settling = 5.0

  private var samples: [(time: Double, share: Double)] = [(0, 0)]
  private var shown: (seconds: Double, at: Double)?

  package init() {}

  /// - Parameters:
  ///   - time: seconds since the work began; never falls.
  ///   - share: of the work that is done, 0 to 1.
  /// - Returns: seconds that are left; nil where they cannot be known yet.
  package mutating func update(time: Double, share: Double) -> Double? {
    guard share < 1 else { return 0 }
    if share > (samples.last?.share ?? 0) { samples.append((time, share)) }
    guard time >= Self.firstSeconds, share >= Self.firstShare else { return nil }
    let expected = (1 - share) / pace(time, share)
    guard let last = shown else {
      shown = (expected, time)
      return expected
    }
    let counted = max(0, last.seconds - (time - last.at))
    let seconds = counted + (expected - counted) * (1 - exp(-(time - last.at) / Self.settling))
    shown = (seconds, time)
    return seconds
  }

  /// Shares a second: half of all the time, half of its last third. A standstill slows both.
  private mutating func pace(_ time: Double, _ share: Double) -> Double {
    let whole = share / time
    let start = time * 2 / 3
    while samples.count > 2, samples[1].time <= start { samples.removeFirst() }
    guard let first = samples.first, time > first.time else { return whole }
    return (whole + (share - first.share) / (time - first.time)) / 2
  }
}

/// Times as people say them, no more exactly than they are known.
package enum DurationText {
  /// `about 25 s`, `about 3 min`, `about 1 h 20 min`
  package static func about(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e6 else { return "very long" }
    if seconds < 10 { return "about \(Int(max(1, seconds.rounded(.up)))) s" }
    if seconds < 57.5 { return "about \(Int((seconds / 5).rounded()) * 5) s" }
    let minutes = Int((seconds / 60).rounded())
    if minutes < 60 { return "about \(minutes) min" }
    let tens = Int((seconds / 600).rounded()) * 10
    return "about \(tens / 60) h" + (tens % 60 == 0 ? "" : " \(tens % 60) min")
  }
}
