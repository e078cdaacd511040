import Foundation
import Pricing

/// How Quest's published end-to-end times compare with the model's.
struct QuestReport: Encodable {
  let machine: String
  let kernels: String
  let cases: [QuestTimes.Case]
  let full: ModelError
  let quest: ModelError
  let speedUp: ModelError

  init() throws {
    let machine = try HardwareLocator.machine("rtx-6000-ada")
    let set = try HardwareLocator.kernels(PricedMachine.defaultKernels)
    let times = try QuestTimes(
      path: try HardwareLocator.file("measurements/quest-end-to-end.csv"), machine: machine, kernels: set)
    self.machine = machine.name
    kernels = set.name
    cases = times.cases
    full = times.error(full: true)
    quest = times.error(full: false)
    speedUp = ModelError(times.speedUps)
  }

  var text: String {
    func line(_ name: String, _ error: ModelError) -> String {
      "\(name): median \(NumberText.percent(error.median)), 90 % within \(NumberText.percent(error.p90)), mean \(error.signedMean > 0 ? "+" : "")\(NumberText.percent(error.signedMean)), \(error.cases) predictions"
    }
    return [
      "Quest, end to end (arXiv 2406.10774, Fig. 10): Llama-2-7B, batch 1, \(machine), \(kernels) kernels, which were fitted to none of these times (of the step, the share of 4-bit weights was)",
      line("full cache", full), line("Quest", quest), line("speed-up", speedUp),
    ].joined(separator: "\n")
  }
}
