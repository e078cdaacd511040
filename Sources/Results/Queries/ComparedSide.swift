import Foundation
import GRDB
import Policies

/// A stored configuration as one side of a comparison on one trace.
struct ComparedSide {
  let id: Int64
  let label: String
  private let policy: String
  /// Of the trace.
  let digest: String
  let budget: String?
  /// As people read and type it.
  let buildName: String
  /// What is the same where two builds gave one result.
  let outcome: [String]
  let scope: Int64
  let model: String
  let modelDigest: String
  let title: String
  let layers: String
  let queryHeads: String
  let steps: String
  /// What is stored of each of them.
  let detail: StepDetail
  /// First digits of what calibrated it; empty for nothing.
  private let profile: String
  private let seed: String
  /// Parameters by name, and what else was set.
  private var values: [String: String]

  init(_ row: Row) throws {
    id = try row.value("id")
    label = try row.value("label")
    policy = try row.value("policy")
    digest = try row.value("digest")
    scope = try row.value("scope")
    model = try row.value("model_name")
    modelDigest = try row.value("model_sha256")
    title = try row.value("text_title")
    layers = try row.value("layers")
    queryHeads = try row.value("query_heads")
    steps = try row.value("steps")
    let text: String = try row.value("parameters")
    values = try JSONDecoder().decode([String: Value].self, from: Data(text.utf8)).mapValues(\.text)
    budget = try row.value("budget")
    buildName = try SourceBuild.short(row.value("build"))
    seed = try row.value("seed")
    detail = try row.value("has_steps") ? .heads : row.value("has_step_sums") ? .sums : .means
    let calibration: String? = try row.value("profile_digest") ?? row.value("calibration")
    let bits: String = try row.value("exact_results_digest")
    outcome = ["\(scope)", text, budget ?? "", seed, calibration ?? "", bits]
    values["budget"] = budget
    values["seed"] = seed
    values["build"] = buildName
    values["profile"] = calibration.map { String($0.prefix(12)) }
    profile = try (row.value("profile_digest") as String?).map { String($0.prefix(12)) } ?? ""
  }

  /// As a name tells it; empty where the side has none.
  func value(of qualifier: SideQualifier) -> String {
    switch qualifier {
    case .trace: String(digest.prefix(12))
    case .layers: layers
    case .heads: queryHeads
    case .steps: steps
    case .profile: profile
    case .seed: seed
    case .build: buildName
    }
  }

  /// Where it was scored: two sides of the same part are paired, whichever builds scored them.
  var part: [String] { [digest, layers, queryHeads, steps] }

  /// The same for people.
  var place: String { "'\(title)' (layers \(layers), heads \(queryHeads), steps \(steps))" }

  /// The columns that ``init(_:)`` reads.
  static let sql = """
    SELECT c.id, c.label, c.policy, c.scope, c.parameters, c.budget, c.seed, c.build, c.profile_digest, c.calibration,
      c.exact_results_digest, t.digest, t.text_title, t.model_name, t.model_sha256, s.layers, s.query_heads, s.steps,
      EXISTS (SELECT 1 FROM steps WHERE configuration = c.id) AS has_steps,
      EXISTS (SELECT 1 FROM step_sums WHERE configuration = c.id) AS has_step_sums
    FROM configurations AS c JOIN traces AS t ON t.id = c.trace JOIN scopes AS s ON s.id = c.scope
    """

  /// What is stored of a configuration's decode steps: nothing but means over all of them, as older versions did; each one's
  /// sums over layers and query heads; or those and each head's own values.
  enum StepDetail: Int, Comparable {
    case means, sums, heads

    static func < (one: StepDetail, other: StepDetail) -> Bool { one.rawValue < other.rawValue }
  }

  /// A parameter as it is stored: a word, a number or nothing.
  private struct Value: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let word = try? container.decode(String.self) {
        text = word
      } else if let count = try? container.decode(Int.self) {
        text = "\(count)"
      } else if let number = try? container.decode(Double.self) {
        text = "\(number)"
      } else {
        text = "–"
      }
    }
  }

  /// What is always kept must be the same on both sides. A policy without the parameter keeps none; a combinator keeps what
  /// the policy that it wraps keeps.
  private func footing(_ name: String) -> String {
    let own = values[name] ?? "0"
    guard name != "dense-layers", own == "0",
      let base = PolicyRegistry.policy(named: policy)?.descriptor.parameter(.wrappedPolicy),
      let wrapped = values[base.name].flatMap(PolicyRegistry.policy(named:))
    else { return own }
    return ParameterValues(defaultsOf: wrapped.descriptor)[name]?.description ?? "0"
  }

  static func footing(_ a: [ComparedSide], _ b: [ComparedSide]) -> [PairedComparison.Setting] {
    ["dense-layers", "sinks", "recent"].compactMap { name in
      differing(name, a.map { $0.footing(name) }, b.map { $0.footing(name) })
    }
  }

  /// Every setting that is not the same on both sides, the budget first. Of two policies only what both have: what one of
  /// them has alone is how they differ.
  static func settings(_ a: [ComparedSide], _ b: [ComparedSide]) -> [PairedComparison.Setting] {
    let names = Set((a + b).flatMap(\.values.keys))
    let first = ["budget", "profile", "seed", "build"]
    let isOnePolicy = Set((a + b).map(\.policy)).count == 1
    return (first + names.subtracting(first).sorted()).compactMap { name in
      let found = differing(name, a.map { $0.values[name] }, b.map { $0.values[name] })
      return isOnePolicy || found?.a != nil && found?.b != nil ? found : nil
    }
  }

  private static func differing(_ name: String, _ a: [String?], _ b: [String?]) -> PairedComparison.Setting? {
    guard a != b else { return nil }
    func text(_ values: [String?]) -> String? {
      var seen: Set<String> = []
      let distinct = values.compactMap(\.self).filter { seen.insert($0).inserted }
      return distinct.isEmpty ? nil : distinct.joined(separator: ", ")
    }
    return .init(name: name, a: text(a), b: text(b))
  }
}
