/// `64k` for 65,536.
package enum CountText {
  package static func of(_ count: Int) -> String {
    if count >= 1_048_576, count % 1_048_576 == 0 { return "\(count / 1_048_576)m" }
    if count >= 1024, count % 1024 == 0 { return "\(count / 1024)k" }
    return "\(count)"
  }
}
