import Live
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
      func metrics<Value>(_ value: (Metric) -> Value) -> [String: Value] {
        Dictionary(uniqueKeysWithValues: Metric.allCases.map { ($0.name, value($0)) })
      }
      return Row(
        policy: result.configuration.policy.label, budget: result.configuration.budget?.description,
        label: result.configuration.label, calls: result.calls, own: metrics(result.own.mean),
        open_loop: result.openLoop.map { metrics($0.mean) },
        by_step: Parts(
          own: metrics(result.own.byStep), open_loop: result.openLoop.map { metrics($0.byStep) }),
        by_layer: Parts(
          own: metrics(result.own.byLayer), open_loop: result.openLoop.map { metrics($0.byLayer) }),
        read_bytes: result.own.work.bytes.values.reduce(0) { $0 + $1.readGroupUnion },
        choices: result.own.choicesDigest)
    }
  }
}
