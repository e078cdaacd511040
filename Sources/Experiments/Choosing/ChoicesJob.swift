import Foundation
import Simulator
import Traces

/// How chosen tokens are written for other tools.
public enum ChoicesFormat: String, Sendable, CaseIterable {
  /// A set a line, as `external` reads them.
  case jsonl
  /// What each KV head fetches, as libCacheSim's oracleGeneral traces.
  case libcachesim
  /// Batches of decode attention over what each KV head fetches, as FlashInfer-Trace workloads.
  case flashinfer
}

/// Writes what one policy chooses on a trace.
public struct ChoicesJob {
  let prepared: PreparedReplay
  let configuration: ReplayConfiguration
  /// Tokens of an object of a cache's trace.
  let page: Int

  /// - Throws: `ReplayError` where it is not one policy at one budget.
  public init(_ prepared: PreparedReplay, page: Int = 1) throws {
    self.prepared = prepared
    self.page = page
    configuration = try prepared.single()
  }

  /// Replays, and writes to a file or, but for lines, into a folder, which is made where it is missing.
  ///
  /// - Returns: files that were written, with sets in all.
  public func write(
    _ format: ChoicesFormat, to path: String, progress: (@Sendable (Int, Int) -> Void)? = nil
  ) throws -> (files: [String], sets: Int) {
    if format != .jsonl { try OutputFolder.make(path) }
    // The place is tried before the work is done.
    let lines = try format == .jsonl ? OutputFile(path: path) : nil
    var options = prepared.options
    options.keepsChoices = true
    options.progress = progress
    let result = try Replay(prepared.trace).run([configuration], options: options)
    guard let found = result.configurations.first else { return ([], 0) }
    let sets = found.heads.reduce(0) { $0 + $1.choices.count }
    if let lines {
      try ChoiceLines(result, found).write(to: lines)
      try lines.publish()
      return ([path], sets)
    }
    let heads = FetchedTokens.byKVHead(result, found)
    let files =
      format == .libcachesim
      ? try heads.map { try CacheSimTrace($0, page: page).write(into: path) }
      : try FlashInferWorkloads(prepared.trace.metadata, heads).write(into: path)
    return (files, sets)
  }

}

/// What a step fetches for a KV head: what any of its query heads chose.
struct FetchedTokens {
  let layer: Int
  let kvHead: Int
  let queryHeads: Int
  /// Of each step, ascending.
  let steps: [[Int32]]
  /// Of each step's own token, the newest.
  let positions: [Int]

  static func byKVHead(_ result: ReplayResult, _ found: ConfigurationResult) -> [FetchedTokens] {
    let groups = Dictionary(grouping: found.heads) { [$0.layer, $0.kvHead] }
    return groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, heads in
      FetchedTokens(
        layer: key[0], kvHead: key[1], queryHeads: heads.count,
        steps: result.steps.indices.map { step in
          heads.reduce(into: Set<Int32>()) { $0.formUnion($1.choices[step]) }.sorted()
        }, positions: result.steps.map(\.position))
    }
  }
}
