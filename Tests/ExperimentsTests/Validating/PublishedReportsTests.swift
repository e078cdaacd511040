import Foundation
import Pricing
import Testing

@testable import Experiments

/// What papers state beside what the model gives, with the bundled machines and kernels.
@Suite struct PublishedReportsTests {
  private static func cells(_ line: Substring) -> [String] {
    line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  /// Each machine with two kernel sets, at six batches. A star is within 15 % of 2.56, an exclamation mark where weights of
  /// 16.06 GB and a cache of 32 layers, 32 heads and 65,536 tokens, of keys and values in 128 channels of two bytes and 32 of
  /// a copy, are more than the machine holds.
  @Test func aClaimIsMarkedWhereItHoldsAndWhereItFits() throws {
    let report = try ClaimReport(.fasaC)
    let machines = try HardwareLocator.machines().filter { $0.kind == .gpu && $0.kernelSet == nil }
    #expect(report.points.count == machines.count * 2 * 6 && machines.count > 10)
    let lines = Document(report.blocks).text().split(separator: "\n")
    #expect(
      lines[0]
        == "FASA-C 2.56× at 64K tokens, N_tip 16 (arXiv 2602.03152, 5.3): what the model gives, attention alone"
    )
    #expect(
      Self.cells(lines[1]) == ["machine", "kernels"] + [1, 2, 4, 8, 16, 32].map { "batch \($0)" })
    let rows = lines.dropFirst(3).prefix(machines.count * 2).map(Self.cells)
    var starred = 0, heavy = 0
    for row in rows {
      let machine = try #require(machines.first { $0.name == row[0] })
      for (cell, batch) in zip(row.dropFirst(2), [1.0, 2, 4, 8, 16, 32]) {
        let (tokens, bytesOfToken) = (67_108_864.0, 576.0)
        let bytes: Double = 16.06e9 + batch * tokens * bytesOfToken
        #expect(cell.hasPrefix("!") == (bytes > machine.memory.capacityBytes), "\(row[0]) \(cell)")
        let isStarred = cell.hasSuffix(" *")
        let value = try #require(Double(cell.filter { "0123456789.".contains($0) }))
        // What is shown is rounded.
        if abs(abs(value / 2.56 - 1) - 0.15) > 0.003 {
          #expect(isStarred == (abs(value / 2.56 - 1) < 0.15), "\(row[0]) \(cell)")
        }
        if isStarred { starred += 1 }
        if cell.hasPrefix("!") { heavy += 1 }
      }
    }
    #expect(starred > 0 && heavy > 0)
    let whole = report.points.filter { $0.fits && abs($0.wholeModel / 2.56 - 1) <= 0.15 }
    let told = try #require(lines.last).components(separatedBy: "gives it on: ").last
    #expect(
      told
        == (whole.isEmpty
          ? "no machine that holds it"
          : whole.map { "\($0.machine)/\($0.kernels) at batch \(Int($0.batch))" }.joined(separator: ", ")))
  }

  /// The figures of each line, counted again from the cases.
  @Test func questsLinesAreOfItsCases() throws {
    let report = try QuestReport()
    let text = Document(report.blocks).text()
    func line(_ name: String, _ ratios: [Double]) -> String {
      let sizes = ratios.map { abs($0 - 1) }.sorted()
      func percentile(_ share: Double) -> Double {
        let place = share * Double(sizes.count - 1)
        let below = Int(place)
        let (low, high) = (sizes[below], sizes[min(below + 1, sizes.count - 1)])
        return low + (place - Double(below)) * (high - low)
      }
      let mean = ratios.reduce(0) { $0 + $1 - 1 } / Double(ratios.count)
      func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }
      return
        "\(name): median \(percent(percentile(0.5))), 90 % within \(percent(percentile(0.9))), mean \(mean > 0 ? "+" : "")\(percent(mean)), \(ratios.count) predictions\n"
    }
    func ratios(full: Bool) -> [Double] {
      report.cases.filter { ($0.budget == nil) == full }.map { $0.predictedSeconds / $0.measuredSeconds }
    }
    #expect(text.contains(line("full cache", ratios(full: true))))
    #expect(text.contains(line("Quest", ratios(full: false))))
    #expect(text.contains("Llama-2-7B, batch 1, rtx-6000-ada, vllm kernels"))
    let kernels = report.kernelCases
    #expect(
      text.contains(
        line("FlashInfer, whole cache", kernels.compactMap { $0.full.map { $0.predicted / $0.measured } }))
    )
    #expect(text.contains(line("speed-up", kernels.map { $0.speedUp.predicted / $0.speedUp.measured })))
    #expect(text.contains("a layer of Llama-2-7B, rtx-4090, which"))
    #expect(text.contains(" µs, where 5 to 10 are published"))
  }
}
