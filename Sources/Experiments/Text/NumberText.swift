import Foundation

/// Numbers as the tables show them.
package enum NumberText {
  /// `–` for what is undefined; a number too long for a column is written with its power of ten.
  package static func decimal(_ value: Double?, places: Int = 3) -> String {
    guard let value, value.isFinite else { return "–" }
    return String(format: abs(value) < 1e9 ? "%.\(places)f" : "%.2e", value)
  }

  package static func percent(_ share: Double?) -> String {
    guard let share, share.isFinite else { return "–" }
    return String(format: "%.1f %%", 100 * share)
  }

  /// With its sign, where it is above zero too.
  package static func signedPercent(_ share: Double) -> String { (share > 0 ? "+" : "") + percent(share) }

  /// A difference of two shares.
  package static func points(_ difference: Double) -> String {
    String(format: "%.1f points", 100 * difference)
  }

  package static func times(_ factor: Double?) -> String {
    guard let factor, factor.isFinite else { return "–" }
    return String(format: "%.2f×", factor)
  }

  /// `7.1 MiB`
  package static func bytes(_ count: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(count)
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(count) B" : String(format: "%.1f %@", value, units[unit])
  }

  /// A whole number as a count, any other as it is.
  package static func grouped(_ value: Double) -> String {
    Int(exactly: value).map { grouped($0) } ?? "\(value)"
  }

  /// `8,192`
  package static func grouped(_ count: Int) -> String {
    var digits = Array(String(count))
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: place)
      place -= 3
    }
    return String(digits)
  }
}
