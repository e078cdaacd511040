import Attention
import CFasaLive
import Experiments
import Foundation
import Live
import Policies
import Results
import Simulator
import Traces

// Calls that need no session.

@c @implementation
public func fasa_policies(_ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
  answering(nil) {
    try give(OrderedJSON(PolicyRegistry.policies.map { PolicyPage($0.descriptor) }).line, json)
  }
}

@c @implementation
public func fasa_store(
  _ database: UnsafePointer<CChar>?, _ report: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  answering(error) {
    guard let database, let report else {
      throw LiveError(.invalid, "database and report", expected: "texts", found: "null")
    }
    let run = try LiveError.explaining("report") {
      try LiveRun(json: Data(bytes: report, count: strlen(report)))
    }
    try ResultsStore(path: String(cString: database)).store(run)
  }
}

@c @implementation
public func fasa_add_policy(
  _ name: UnsafePointer<CChar>?, _ policy: fasa_own_policy,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  answering(error) {
    let name = name.map { String(cString: $0) } ?? ""
    let letters = "a"..."z"
    guard !name.isEmpty, name.allSatisfy({ letters.contains(String($0)) || "0123456789-".contains($0) })
    else {
      throw LiveError(
        .invalid, "name", expected: "small letters, digits and hyphens", found: "'\(name)'")
    }
    guard PolicyRegistry.policy(named: name) == nil, PolicyRegistry.refused[name] == nil,
      name != PolicyGrammar.everything
    else {
      throw LiveError(.invalid, "name", expected: "one of your own", found: "the library's '\(name)'")
    }
    guard policy.begin != nil, policy.choose != nil else {
      throw LiveError(.invalid, "policy", expected: "functions that begin and choose", found: "null")
    }
    OwnPolicyCalls(functions: policy, name: name).add()
  }
}

/// What `fasa_replay` is told, as JSON.
private struct Request: Decodable {
  let trace: String
  let policies: [String]
  let budgets: [String]?
  let layers: String?
  let profile: String?
  let seed: UInt64?
  let threads: Int?

  /// Replays without timing, and keeps nothing.
  func report() throws -> ReplayText {
    let chosen = try budgets?.map { text in
      guard let budget = Budget(text) else {
        throw LiveError(
          .invalid, "budgets", expected: "tokens such as 256, or a share such as 0.19", found: "'\(text)'")
      }
      return budget
    }
    var choice = PolicyChoice()
    for text in policies {
      if let own = OwnPolicy.configuration(text) {
        choice.add([own])
      } else {
        try choice.add(parsing: [text])
      }
    }
    var request = ReplayRequest(policies: choice, profile: profile)
    if let layers {
      guard let ranges = NumberRanges(layers) else {
        throw LiveError(.invalid, "layers", expected: "numbers such as 0-3,7", found: "'\(layers)'")
      }
      request.layers = ranges
    }
    request.seed = seed ?? request.seed
    request.threads = threads ?? request.threads
    let budgets = chosen ?? [.tokens(256)]
    let prepared = try request.prepare(Trace(path: trace), budgets: .tokens(budgets))
    let configurations = try ReplayConfiguration.grid(prepared.policies, budgets: budgets)
    let result = try Replay(prepared.trace).run(configurations, options: prepared.options)
    // A caller's own policy says of itself what it keeps.
    let known = configurations.map(\.policy).filter { OwnPolicy.name(of: $0) == nil }
    return ReplayText(result, notes: prepared.notes + ComparisonNotes.notes(known))
  }
}

@c @implementation
public func fasa_replay(
  _ request: UnsafePointer<CChar>?, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  answering(error) {
    let request = try Request.read(request, "request")
    try give(FiniteJSON.text(request.report(), []), json)
  }
}
