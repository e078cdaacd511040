import Attention
import Live
import Policies
import Simulator

/// What `fasa_results` gives, as JSON: metrics by their names in databases.
struct ResultsText: Encodable {
  let steps: Int
  let rows: [Row]

  struct Row: Encodable {
    let policy: String
    let budget: String?
    let label: String
    let calls: Int
    let own: [String: Double]
    let open_loop: [String: Double]?
    let by_step: Parts
    let by_layer: Parts
    let read_bytes: Int
    let choices: String
  }

  struct Parts: Encodable {
    let own: [String: [Double]]
    let open_loop: [String: [Double]]?
  }

  init(_ results: [LiveResult], steps: Int) {
    self.steps = steps
    rows = results.map { result in
      Row(
        policy: result.configuration.shownPolicy, budget: result.configuration.budget?.description,
        label: result.configuration.shownLabel, calls: result.calls, own: result.own.means,
        open_loop: result.openLoop?.means,
        by_step: Parts(own: result.own.stepMeans, open_loop: result.openLoop?.stepMeans),
        by_layer: Parts(own: result.own.layerMeans, open_loop: result.openLoop?.layerMeans),
        read_bytes: result.own.readBytes, choices: result.own.choicesDigest)
    }
  }
}

/// What `fasa_replay` gives, as JSON.
struct ReplayText: Encodable {
  let trace: String
  let steps: Int
  let rows: [Row]
  let notes: [String]

  struct Row: Encodable {
    let policy: String
    let budget: String?
    let label: String
    let metrics: [String: Double]
    let read_bytes: Int
    let dense_read_bytes: Int
    let choices: String
  }

  init(_ result: ReplayResult, notes: [String]) {
    trace = result.trace.path
    steps = result.steps.count
    self.notes = notes + result.notes
    let dense = result.dense.reduce(0) { $0 + $1.work.readBytes }
    rows = result.configurations.map { configuration in
      let measures = LiveMeasures(configuration, steps: result.steps.count)
      return Row(
        policy: configuration.configuration.shownPolicy,
        budget: configuration.configuration.budget?.description,
        label: configuration.configuration.shownLabel, metrics: measures.means,
        read_bytes: measures.readBytes,
        dense_read_bytes: dense, choices: measures.choicesDigest)
    }
  }
}

extension LiveMeasures {
  /// Beside means those of the head that is worst off.
  fileprivate var means: [String: Double] {
    named(mean, weighted: weightedOutputError).merging(
      [
        "lowest_head_recall": byHead(.recall).min() ?? .nan,
        "highest_head_output_error": byHead(.outputError).max() ?? .nan,
      ], uniquingKeysWith: { own, _ in own })
  }
  fileprivate var stepMeans: [String: [Double]] { named(byStep, weighted: weightedByStep) }
  fileprivate var layerMeans: [String: [Double]] { named(byLayer, weighted: weightedByLayer) }
  fileprivate var readBytes: Int { work.readBytes }

  private func named<Value>(_ value: (Metric) -> Value, weighted: Value) -> [String: Value] {
    Dictionary(
      uniqueKeysWithValues: Metric.allCases.map { ($0.name, value($0)) } + [
        ("weighted_output_error", weighted)
      ])
  }
}

extension Work {
  /// What the heads of a KV head read once for all.
  fileprivate var readBytes: Int { bytes.values.reduce(0) { $0 + $1.readGroupUnion } }
}

extension ReplayConfiguration {
  /// The policy as it is asked for: one of the caller's own by the name that it was added by.
  fileprivate var shownPolicy: String { OwnPolicy.name(of: policy) ?? policy.label }

  fileprivate var shownLabel: String {
    ConfigurationLabel(policy: shownPolicy, budget: budget?.description).text
  }
}
