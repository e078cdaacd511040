import Foundation
import Pricing
import Testing

@testable import Experiments

/// This machine's own kernels beside what was predicted of them, with times that were made up.
@Suite struct LocalValidationTests {
  /// 10 GB/s.
  private static let machine = MeasuredMachine(
    title: "a processor", threads: 1, capacityBytes: 64e9, bandwidth: 1e10, latencyNs: 100,
    lastLevelCache: nil, operationsPerSecond: 1e11, startSeconds: 1e-5)

  private static func call(_ kernel: String, tokens: Int, seconds: Double) -> MeasuredCall {
    var load = StepLoad()
    load.attend = [Access(bytes: Double(tokens) * 128)]
    if kernel == "top-k" {
      load.attend = []
      load.chooses = true
      load.candidates = Double(tokens)
    }
    return MeasuredCall(
      kernel: kernel, tokens: tokens, headDim: 64, threads: 1, seconds: seconds, load: load)
  }

  /// Half of the bandwidth: 1,000 tokens of 128 bytes take 25.6 µs. Five passes of a top-k over them take 1 µs.
  static func fit() -> MachineFit {
    let fitted = [1000, 2000, 4000].flatMap { tokens in
      [
        call("attend", tokens: tokens, seconds: Double(tokens) * 25.6e-9),
        call("top-k", tokens: tokens, seconds: Double(tokens) * 1e-9),
      ]
    }
    // One of three takes a fifth less than its share: a quarter too long is predicted. A top-k takes twice as long.
    let heldOut = [
      call("attend", tokens: 3000, seconds: 3000 * 25.6e-9),
      call("attend", tokens: 5000, seconds: 5000 * 25.6e-9),
      call("attend", tokens: 6000, seconds: 0.8 * 6000 * 25.6e-9),
      call("top-k", tokens: 3000, seconds: 6000e-9),
    ]
    return MachineFit(machine, fitted: fitted, heldOut: heldOut, method: "by hand", data: "four timings")
  }

  @Test func theTableTellsKernelsApartAndAllTogether() {
    let text = Document(LocalValidation(measured: Self.fit()).blocks).text()
    let lines = text.split(separator: "\n").map { line in
      line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
        !$0.isEmpty
      }
    }
    #expect(lines.first == ["a processor: four timings"])
    #expect(lines[1] == ["this machine's kernels", "cases", "median", "90 %", "mean"])
    // Of errors 0, 0 and 25 % the 90th percentile lies 8 tenths of the way to the last.
    #expect(lines[3] == ["attend", "3", "0.0 %", "20.0 %", "+8.3 %"])
    #expect(lines[4] == ["top-k", "1", "50.0 %", "50.0 %", "-50.0 %"])
    // 0, 0, 25 and -50 %: 12.5 in the median, seven tenths of the way from 25 to 50, -6.25 in the mean.
    #expect(lines[5].dropLast() == ["all", "4", "12.5 %", "42.5 %"])
    #expect(["-6.2 %", "-6.3 %"].contains(lines[5].last))
    #expect(lines.count == 6)
  }

  @Test func jsonHoldsEveryPrediction() throws {
    struct Read: Decodable {
      struct Prediction: Decodable {
        let kernel: String
        let tokens: Int
        let predictedS: Double
        let measuredS: Double
      }
      struct Errors: Decodable { let cases: Int }
      let machine: String
      let error: Errors
      let predictions: [Prediction]
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let line = try OrderedJSON(LocalValidation(measured: Self.fit()).json).line
    let read = try decoder.decode(Read.self, from: Data(line.utf8))
    #expect(read.machine == "a processor" && read.error.cases == 4)
    #expect(read.predictions.map(\.tokens) == [3000, 5000, 6000, 3000])
    let ratios = read.predictions.map { $0.predictedS / $0.measuredS }
    for (found, expected) in zip(ratios, [1, 1, 1.25, 0.5]) { #expect(abs(found - expected) < 0.002) }
  }
}
