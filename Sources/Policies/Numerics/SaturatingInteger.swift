extension Int {
  /// A number without its fraction: the nearest `Int` where it is larger than any, and 0 for what is no number.
  ///
  /// For numbers that a file or a database may have made as large as it likes, where `Int.init` would trap.
  public init(saturating value: Double) {
    self = value.isNaN ? 0 : Int(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
  }
}
