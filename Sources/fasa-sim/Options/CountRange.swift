import ArgumentParser
import Experiments

/// `1k..1m` or `4k,64k`: counts of tokens or sequences, k and m binary; a range goes up in fours.
struct CountRange: ExpressibleByArgument {
  let values: [Int]

  init(_ values: [Int]) { self.values = values }

  init?(argument: String) {
    var values: [Int] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = String(part).components(separatedBy: "..").map(Self.count)
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first <= last else {
        return nil
      }
      var value = first
      while value < last {
        values.append(value)
        value *= 4
      }
      values.append(last)
    }
    guard !values.isEmpty else { return nil }
    self.values = Array(Set(values)).sorted()
  }

  private static func count(_ text: String) -> Int? {
    let units = ["k": 1024, "m": 1_048_576]
    let unit = text.last.flatMap { units[$0.lowercased()] }
    guard let number = Int(unit == nil ? text[...] : text.dropLast()), number > 0 else { return nil }
    let (value, overflows) = number.multipliedReportingOverflow(by: unit ?? 1)
    return overflows || value > 1 << 40 ? nil : value
  }

  var defaultValueDescription: String { values.map(CountText.of).joined(separator: ",") }
}
