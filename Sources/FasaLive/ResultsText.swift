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
      func metrics<Value>(_ value: (Metric) -> Value, weighted: Value) -> [String: Value] {
        Dictionary(
          uniqueKeysWithValues: Metric.allCases.map { ($0.name, value($0)) }
            + [("weighted_output_error", weighted)])
      }
      func whole(_ measures: LiveMeasures) -> [String: Double] {
        metrics(measures.mean, weighted: measures.weightedOutputError)
      }
      func bySteps(_ measures: LiveMeasures) -> [String: [Double]] {
        metrics(measures.byStep, weighted: measures.weightedByStep)
      }
      func byLayers(_ measures: LiveMeasures) -> [String: [Double]] {
        metrics(measures.byLayer, weighted: measures.weightedByLayer)
      }
      return Row(
        policy: result.configuration.policy.label, budget: result.configuration.budget?.description,
        label: result.configuration.label, calls: result.calls, own: whole(result.own),
        open_loop: result.openLoop.map(whole),
        by_step: Parts(own: bySteps(result.own), open_loop: result.openLoop.map(bySteps)),
        by_layer: Parts(own: byLayers(result.own), open_loop: result.openLoop.map(byLayers)),
        read_bytes: result.own.work.bytes.values.reduce(0) { $0 + $1.readGroupUnion },
        choices: result.own.choicesDigest)
    }
  }
}
