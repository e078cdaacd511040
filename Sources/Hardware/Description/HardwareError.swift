/// What is wrong with a description, a table of measurements or what was asked of them, in one line.
public struct HardwareError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }

  static func at(_ place: String, expected: String, found: String, advice: String? = nil) -> HardwareError {
    HardwareError("\(place): expected \(expected), found \(found)" + (advice.map { "; \($0)" } ?? ""))
  }
}
