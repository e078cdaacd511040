import Foundation
import Pricing

/// How Quest's published times, of its kernels and end to end, compare with the model's.
struct QuestReport: Encodable {
  let machine: String
  let kernels: String
  let cases: [QuestTimes.Case]
  let full: ModelError
  let quest: ModelError
  let speedUp: ModelError
  let kernelMachine: String
  let kernelCases: [QuestKernels.Case]
  let topKMicroseconds: Double

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
    let kernelMachine = try HardwareLocator.machine("rtx-4090")
    let calls = try QuestKernels(
      path: try HardwareLocator.file("measurements/quest-kernels.csv"), machine: kernelMachine, kernels: set)
    self.kernelMachine = kernelMachine.name
    kernelCases = calls.cases
    topKMicroseconds = calls.topKMicroseconds
  }

  var blocks: [Document.Block] {
    func line(_ name: String, _ error: ModelError) -> String {
      "\(name): median \(NumberText.percent(error.median)), 90 % within \(NumberText.percent(error.p90)), mean \(error.signedMean > 0 ? "+" : "")\(NumberText.percent(error.signedMean)), \(error.cases) predictions"
    }
    let published = QuestKernels.publishedTopK
    return [
      .heading(
        "Quest, end to end (arXiv 2406.10774, Fig. 10): Llama-2-7B, batch 1, \(machine), \(kernels) kernels, which were fitted to none of these times (of the step, the share of 4-bit weights was)"
      ),
      .lines([line("full cache", full), line("Quest", quest), line("speed-up", speedUp)]),
      .heading(
        "Quest's kernels (the same, Fig. 9 and 11(b)): a layer of Llama-2-7B, \(kernelMachine), which Fig. 11 does not name, nothing fitted"
      ),
      .lines([
        line("FlashInfer, whole cache", QuestKernels.error(kernelCases.compactMap(\.full))),
        line("Quest", QuestKernels.error(kernelCases.compactMap(\.quest))),
        line("speed-up", QuestKernels.error(kernelCases.map(\.speedUp))),
        "top-k over the pages of 131,072 tokens: \(NumberText.decimal(topKMicroseconds, places: 1)) µs, where \(Int(published.lowerBound)) to \(Int(published.upperBound)) are published",
      ]),
    ]
  }
}
