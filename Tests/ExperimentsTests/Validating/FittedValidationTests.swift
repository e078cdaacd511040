import Attention
import Foundation
import Pricing
import TestSupport
import Testing

@testable import Experiments

/// A table that kernel sets are fitted to, as `hardware validate` tells of it: times that a bundled set made, so that what is
/// fitted predicts what is held out.
@Suite struct FittedValidationTests {
  private static let columns = MeasurementTable.columns.joined(separator: ",")

  /// Dense attention and SparQ with each rank and k on an A100, at three batch sizes and lengths to 64K.
  ///
  /// - Parameter slower: what times beyond 16K take more than the model says.
  private static func table(slower: Double = 1) throws -> String {
    let machine = try HardwareLocator.machine("a100-40gb")
    let model = CostModel(machine: machine, kernels: try HardwareLocator.kernels("compiled"))
    let device = try #require(machine.device)
    var rows: [String] = []
    for batch in [1, 4, 16] {
      for tokens in [1024, 4096, 16_384, 65_536] {
        let shape = "float16,\(batch),\(tokens),32,128"
        rows.append("gpu,\(device),attn-made,\(shape),,")
        for (rank, k) in [(16, 128), (32, 128), (32, 512), (64, 256)] {
          rows.append("gpu,\(device),sparq-attn-made,\(shape),\(rank),\(k)")
        }
      }
    }
    let untimed = ([columns] + rows.map { "\($0),1" }).joined(separator: "\n")
    let measured = try MeasurementTable(Data(untimed.utf8), path: "made.csv").rows
    let timed = zip(rows, measured).map { row, measured -> String in
      let seconds = model.time(measured.load, batch: measured.batch).nanoseconds * 1e-9
      return "\(row),\(measured.tokens > 16_384 ? slower * seconds : seconds)"
    }
    return ([columns] + timed).joined(separator: "\n") + "\n"
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func validation(slower: Double = 1, kernels: [String] = []) throws -> HardwareValidation {
    try HardwareValidation(
      measurements: folder.file(Data(Self.table(slower: slower).utf8), "made.csv"), machines: [],
      kernels: kernels)
  }

  private static func lines(_ report: ValidationReport) -> [[String]] {
    report.document.text().split(separator: "\n").filter { !$0.hasPrefix("─") }.map { line in
      line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
        !$0.isEmpty
      }
    }
  }

  /// 3 dense and 12 sparse times are of 64K; each of 12 and 48 is left out once, with its batch.
  @Test func longerLengthsAndBatchesArePredicted() throws {
    let report = try validation().report(listsCases: false, local: nil)
    let lines = Self.lines(report)
    let longer = "a100-40gb: up to 16K, predict longer", batches = "a100-40gb: each batch left out in turn"
    #expect(
      lines.filter { $0.count > 4 }.prefix(7).map { Array($0.prefix(4)) } == [
        ["kernel", "fitted to, predicted", "time of", "cases"], ["attn-made", longer, "dense", "3"],
        ["attn-made", batches, "dense", "12"], ["sparq-attn-made", longer, "sparse", "12"],
        ["sparq-attn-made", longer, "speed-up", "12"], ["sparq-attn-made", batches, "sparse", "48"],
        ["sparq-attn-made", batches, "speed-up", "48"],
      ])
    for outcome in report.outcomes {
      for error in [outcome.dense, outcome.sparse].compactMap(\.self) { #expect(error.p90 < 0.1) }
      #expect(outcome.sideRight == outcome.decided)
    }
    #expect(lines.contains { $0.first == "farthest off" })
    let right = report.outcomes.filter { $0.implementation == "sparq-attn-made" }.map(\.decided).reduce(0, +)
    #expect(lines.contains { $0 == ["side of 1× right in \(right) of \(right) (100.0 %)"] } && right > 0)
    #expect(lines.contains { $0[0].hasPrefix("dense, all: median ") && $0[0].hasSuffix(", 15 predictions") })
    #expect(
      lines.contains { $0[0].hasPrefix("speed-up, all: median ") && $0[0].hasSuffix(", 60 predictions") })
    // A user's own table is asked about alone.
    #expect(report.claim == nil && report.quest == nil && report.local == nil && report.tables.isEmpty)
  }

  /// What takes twice as long as the model says is predicted half too short, and says so.
  @Test func whatTheModelMissesIsTold() throws {
    let report = try validation(slower: 2, kernels: ["attn-made"]).report(listsCases: true, local: nil)
    let longer = try #require(report.outcomes.first?.dense)
    #expect(longer.cases == 3 && abs(longer.median - 0.5) < 0.05 && abs(longer.signedMean + 0.5) < 0.05)
    let lines = Self.lines(report)
    // Each of the 15 predictions is listed, none of them twice.
    let cases = lines.filter { $0.first == "attn-made" && $0.count > 8 }
    #expect(cases.count == 15 && Set(cases).count == 15)
    let first = try #require(report.outcomes.first?.cases.first)
    #expect(
      cases.first?[2...].prefix(6)
        == [
          "1", "65,536", "–", "–", NumberText.decimal(first.predictedSeconds * 1e6, places: 0),
          NumberText.decimal(first.measuredSeconds * 1e6, places: 0),
        ])
    #expect(!lines.contains { $0.first == "farthest off" })
  }

  @Test func rowsAreTheTables() throws {
    let report = try validation().report(listsCases: false, local: nil)
    let csv = try RecordLines.csv(report.rows).split(separator: "\n")
    #expect(
      csv.first
        == #""kernel","split","time_of","cases","relative_error_p50","relative_error_p90","relative_error_mean","decided","side_right""#
    )
    #expect(csv.count == 7)
    #expect(csv[1].hasPrefix(#""attn-made","a100-40gb: up to 16K, predict longer","dense",3,"#))
    #expect(csv[1].hasSuffix(",,"))
    let speedUp = try #require(report.outcomes.first { $0.speedUp != nil })
    #expect(csv[4].hasSuffix(",\(speedUp.decided),\(speedUp.sideRight)"))
    let json = try OrderedJSON(report.json).line
    #expect(
      json.hasPrefix(#"{"measurements":""#)
        && json.contains(#""claim":null,"quest":null,"local":null,"tables":[]"#))
  }

  /// The file that a user keeps: read again, it gives the times that it was fitted to.
  @Test func aFittedSetIsAFileThatGivesTheTimesAgain() throws {
    let validation = try validation()
    let machine = try HardwareLocator.machine("a100-40gb")
    let files = try validation.fitted(machine, method: "least squares, by a test")
    #expect(files.count == 1)
    let set = try KernelSet(yaml: #require(files.first), file: "made.yaml")
    #expect(set.name == "made" && set.title == "sparq-attn-made and attn-made as measured")
    #expect(
      set.calibration?.method == "least squares, by a test" && set.calibration?.isFitted(to: machine) == true)
    #expect(set.calibration?.data == folder.path("made.csv"))
    // On the machine itself: 12 longer ones and 48 by batch. No other machine was held out.
    #expect(set.calibration?.errors.map(\.machine) == ["a100-40gb"])
    #expect(set.calibration?.errors.map(\.error.cases) == [60])
    let model = CostModel(machine: machine, kernels: set)
    for row in try MeasurementTable(path: folder.path("made.csv")).rows {
      let seconds = model.time(row.load, batch: row.batch).nanoseconds * 1e-9
      #expect(abs(seconds / row.seconds - 1) < 0.05, "\(row)")
    }
  }

  @Test func whatTheTableDoesNotHoldIsRefused() throws {
    let unknown = #expect(throws: PricingError.self) { try validation(kernels: ["attn-mad"]) }
    #expect(unknown?.found == "none called attn-mad")
    #expect(unknown?.advice?.contains("attn-made") == true)
    let other = #expect(throws: PricingError.self) {
      try validation().fitted(HardwareLocator.machine("a10g"), method: "")
    }
    #expect(other?.expected == "measurements of a10g and of the kernels asked for")
    let dense = #expect(throws: PricingError.self) {
      try validation(kernels: ["attn-made"]).fitted(HardwareLocator.machine("a100-40gb"), method: "")
    }
    #expect(dense?.found == "none")
    let text = try Self.table().replacing("NVIDIA A100-SXM4-40GB", with: "Some GPU")
    let device = #expect(throws: PricingError.self) {
      try HardwareValidation(
        measurements: folder.file(Data(text.utf8), "other.csv"), machines: [], kernels: [])
    }
    #expect(device?.found == "Some GPU" && device?.advice == "give a description of it")
  }
}
