import GRDB

/// What tells stored configurations of one label apart, as `@layers:5,14` in a name: the part of the trace, what calibrated
/// it, the seed, the build.
enum SideQualifier: String, CaseIterable {
  case trace, layers, heads, steps, profile, seed, build

  /// As it is typed before its value.
  var prefix: String { "\(rawValue):" }

  /// A condition on `configurations AS c`, `traces AS t` and `scopes AS s`.
  ///
  /// Of digests the first digits do; a trace is also known by what its title holds.
  func condition(_ value: String) -> SQL {
    func begins(_ column: SQL) -> SQL { "substr(coalesce(\(column), ''), 1, length(\(value))) = \(value)" }
    switch self {
    case .trace:
      let title: SQL = "instr(lower(t.text_title), lower(\(value))) > 0"
      return "(\(begins("t.digest")) OR \(title) OR t.path = \(value))"
    case .layers: return "s.layers = \(value)"
    case .heads: return "s.query_heads = \(value)"
    case .steps: return "s.steps = \(value)"
    case .profile: return begins("c.profile_digest")
    case .seed: return "CAST(c.seed AS TEXT) = \(value)"
    case .build: return begins("coalesce(c.build, \(SourceBuild.unknown))")
    }
  }
}
