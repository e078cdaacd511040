extension Collection<String> {
  /// As many as a reader takes in, and how many follow: `64, 256 and 98 more`.
  public func shortList(atMost most: Int = 8) -> String {
    let rest = count - prefix(most).count
    return prefix(most).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
