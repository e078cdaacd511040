import Foundation

extension Double {
  /// To so many significant digits: a fit knows no more, and what is written is then what was computed with.
  package func significant(_ digits: Int) -> Double { Double(String(format: "%.\(digits)g", self)) ?? self }
}
