import Attention
import Experiments
import Foundation
import Live
import Policies
import Simulator

/// What `fasa_open` is told, as JSON.
struct Description: Decodable {
  struct Row: Decodable {
    let policy: String
    let budget: String?
  }

  let model: LiveModel
  let element: ElementType?
  let rows: [Row]
  let prompt: Int
  let steps: Int
  let threads: Int?
  let profile: String?
  let seed: UInt64?
  let openLoop: Bool?

  enum CodingKeys: String, CodingKey {
    case model, element, rows, prompt, steps, threads, profile, seed
    case openLoop = "open_loop"
  }

  func session() throws -> LiveSession {
    let configurations = try rows.enumerated().map { try configuration($1, number: $0) }
    return try LiveSession(
      model: model, configurations: configurations,
      options: LiveOptions(
        promptTokens: prompt, steps: steps, element: element ?? .f16,
        threads: threads ?? ProcessInfo.processInfo.activeProcessorCount, seed: seed ?? 0,
        profile: try loadedProfile(configurations), measuresOpenLoop: openLoop ?? true))
  }

  private func configuration(_ row: Row, number: Int) throws -> ReplayConfiguration {
    let policies = try OwnPolicy.configuration(row.policy).map { [$0] } ?? PolicyGrammar.parse([row.policy])
    guard let policy = policies.first, policies.count == 1 else {
      throw LiveError(
        .invalid, "rows[\(number)].policy", expected: "one policy",
        found: "'\(row.policy)', which is \(policies.count)",
        advice: "give each value of a grid a row of its own")
    }
    let budget = row.budget.flatMap { Budget($0) }
    guard row.budget == nil || budget != nil else {
      throw LiveError(
        .invalid, "rows[\(number)].budget", expected: "tokens such as 256, or a share such as 0.19",
        found: "'\(row.budget ?? "")'")
    }
    return ReplayConfiguration(policy: policy, budget: budget)
  }

  /// The one that was named, else the bundled one of the model where a policy asks for any.
  private func loadedProfile(_ configurations: [ReplayConfiguration]) throws -> LoadedProfile? {
    if let profile { return try LoadedProfile(path: profile) }
    guard configurations.contains(where: \.policy.isCalibrated) else { return nil }
    return ProfileLocator.bundled { model.difference(of: $0) == nil }
  }
}

extension Decodable {
  /// - Throws: ``LiveError`` that names the field.
  static func read(_ text: UnsafePointer<CChar>?, _ name: String) throws -> Self {
    guard let text else {
      throw LiveError(.invalid, name, expected: "a JSON object", found: "null")
    }
    return try LiveError.explaining(name) {
      try JSONDecoder().decode(Self.self, from: Data(String(cString: text).utf8))
    }
  }
}

extension LiveError {
  /// Says in which field a text is not what it must be.
  static func explaining<Value>(_ name: String, _ read: () throws -> Value) throws -> Value {
    do {
      return try read()
    } catch let error as DecodingError {
      throw LiveError(.invalid, name, expected: "a JSON object of the documented form", found: reason(error))
    }
  }

  private static func reason(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        .trimmingPrefix(".").description
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "no '\(key.stringValue)'" + (context.codingPath.isEmpty ? "" : " in \(path(context))")
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "another type at '\(path(context))'"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty ? "no JSON" : "another value at '\(path(context))'"
    @unknown default: return "something else"
    }
  }
}
