import Attention
import Foundation
import Policies
import Pricing
import Results
import Simulator

/// Reads a sweep from a YAML file.
///
///     traces: [traces/prose-8192.zst]
///     policies:
///       - fasa: {chunks: [4, 8, 16], layout: [packed, planes]}   # every combination
///       - oracle
///     budgets: [64, 256, 19%]
///
/// Every error names the file, the line and the field.
public struct SweepFile {
  static let fields = [
    "traces", "policies", "budgets", "hardware", "layers", "heads", "steps", "seed", "profile",
    "self-calibrate", "detail", "timing",
  ]

  let path: String

  public init(path: String) { self.path = path }

  /// Whether a name is a sweep's, by its extension.
  public static func isOne(_ path: String) -> Bool { path.hasSuffix(".yaml") || path.hasSuffix(".yml") }

  /// - Throws: `ReplayError` where a field is wrong, or one is missing.
  public func read() throws -> SweepPlan {
    guard let text = try PlainYAML.text(path) else {
      throw ReplayError(
        path, expected: "a YAML file that can be read", found: "none", advice: "check the path")
    }
    return try plan(text)
  }

  func plan(_ text: String) throws -> SweepPlan {
    let document = try YAMLField.document(text, file: path)
    var plan = SweepPlan()
    for (key, value) in try document.fields("a mapping with traces, policies and budgets") {
      try read(value, key: key, into: &plan)
    }
    for (name, isThere) in [
      ("traces", !plan.traces.isEmpty), ("policies", !plan.request.policies.configurations.isEmpty),
      ("budgets", !plan.budgets.isEmpty),
    ] where !isThere {
      throw ReplayError(path, expected: "the field '\(name)'", found: "none", advice: "add it")
    }
    return plan
  }

  private func read(_ field: YAMLField, key: YAMLField, into plan: inout SweepPlan) throws {
    func ranges(_ what: String) throws -> NumberRanges {
      let expected = "\(what) such as 0-3,7"
      return NumberRanges(
        try field.members(expected).flatMap { try $0.value(expected) { NumberRanges($0) }.ranges })
    }
    switch try key.text("a field") {
    case "traces": plan.traces = try distinct(field, "paths of traces") { $0 }
    case "policies":
      for member in try field.members("policies, such as fasa or fasa: {chunks: [4, 8]}") {
        try SweepFilePolicy(field: member).add(to: &plan.request.policies)
      }
    case "budgets":
      plan.budgets = try distinct(field, "a count of tokens or a share, such as 256 or 19%", Budget.init)
    case "hardware": plan.hardware = try distinct(field, "names of hardware") { $0 }
    case "layers": plan.request.layers = try ranges("layers")
    case "heads": plan.request.heads = try ranges("query heads")
    case "steps": plan.request.steps = try field.value("decode steps such as 0-31", StepsText.range)
    case "seed": plan.request.seed = try field.value("a whole number from 0", UInt64.init)
    case "profile": plan.request.profile = try field.text("a path of a profile")
    case "self-calibrate": plan.request.selfCalibrates = try field.value("true or false", Bool.init)
    case "detail": plan.detail = try field.value("head or step", ResultsStore.Detail.init(rawValue:))
    case "timing":
      plan.isTimed = try field.value("true or false", Bool.init)
      plan.timesUnits = plan.isTimed
    case let name:
      throw key.error(
        expected: "a field of a sweep (\(Self.fields.joined(separator: ", ")))",
        advice: NearestName.question(name, among: Self.fields))
    }
  }

  /// A list whose members are each there once.
  private func distinct<Value: Hashable>(
    _ field: YAMLField, _ expected: String, _ read: (String) -> Value?
  ) throws -> [Value] {
    var seen: Set<Value> = []
    return try field.members(expected).map { member in
      let value = try member.value(expected, read)
      guard seen.insert(value).inserted else {
        throw member.error(
          expected: "each once", found: "'\(try member.text(expected))' again", advice: "leave it out")
      }
      return value
    }
  }
}
