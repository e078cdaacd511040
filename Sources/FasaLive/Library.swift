import Attention
import CFasaLive
import Experiments
import Foundation
import Live
import Policies
import Results
import Traces

// Calls that need no session.

@c @implementation
public func fasa_policies(_ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
  answering(nil) {
    try give(FiniteJSON.text(PolicyRegistry.policies.map { PolicyPage($0.descriptor) }, []), json)
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
  func report() throws -> ReplayReport.JSON {
    let chosen = try budgets?.map { text in
      guard let budget = Budget(text) else {
        throw LiveError(
          .invalid, "budgets", expected: "tokens such as 256, or a share such as 0.19", found: "'\(text)'")
      }
      return budget
    }
    var request = ReplayRequest(policies: try PolicyChoice(parsing: policies), profile: profile)
    if let layers {
      guard let ranges = NumberRanges(layers) else {
        throw LiveError(.invalid, "layers", expected: "numbers such as 0-3,7", found: "'\(layers)'")
      }
      request.layers = ranges
    }
    request.seed = seed ?? request.seed
    request.threads = threads ?? request.threads
    let prepared = try request.prepare(Trace(path: trace), budgets: .tokens(chosen ?? [.tokens(256)]))
    let report = try ReplayJob(prepared, isTimed: false).run(store: ResultsStore(path: ":memory:"))
    return ReplayReport.JSON(reports: [report], database: ":memory:")
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
