/// What policies that choose pages have in common.
extension ParameterDescriptor {
  static func page(_ tokens: Int) -> ParameterDescriptor {
    ParameterDescriptor("page", .integer(1...4096), default: .integer(tokens), help: "tokens of a page")
  }
  static let leastPages = ParameterDescriptor(
    "least-pages", .integer(1...4096), default: .integer(3),
    help: "pages kept at least, as far as k holds them")
}
