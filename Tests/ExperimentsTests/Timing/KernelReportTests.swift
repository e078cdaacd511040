import Attention
import Foundation
import Testing

@testable import Experiments
@testable import Machine

/// Tables of times that were made up, so that each cell can be computed by hand.
@Suite struct KernelReportTests {
  static func roofline(threads: Int) -> Roofline {
    Roofline(
      instructionSet: .portable, threads: threads,
      levels: [
        .init(name: "L1", workingSetBytes: 32_768, readBytesPerSecond: Quantity([2e11])),
        .init(name: "memory", workingSetBytes: 64 << 20, readBytesPerSecond: Quantity([1e10, 2e10, 3e10])),
      ], operationsPerSecond: Quantity([5e10]))
  }

  private static func result(
    _ kernel: String, call: String, tokens: Int, nanoseconds: [Double], operations: Int, share: Double
  ) -> KernelResult {
    KernelResult(
      kernel: kernel, call: call, tokens: tokens, headDim: 64, heads: 4, element: .f16, threads: 2,
      nanoseconds: Quantity(nanoseconds), bytes: 1_000_000, operations: operations, bytesPerSecond: 12.34e9,
      operationsPerSecond: 5.67e9, rooflineShare: share)
  }

  private static let kernels = [
    // 8,192 tokens in 40.96 µs are 5 ns each.
    result(
      "dense score", call: "KV group", tokens: 8192, nanoseconds: [30_960, 40_960, 50_960], operations: 7,
      share: 0.62),
    // A call of one token is that token's time, however many there are.
    result("append", call: "token", tokens: 4096, nanoseconds: [260], operations: 0, share: 0.04),
  ]

  private static func cells(_ text: String, beginning name: String) -> [String]? {
    text.split(separator: "\n").map { line in
      line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
        !$0.isEmpty
      }
    }.first { $0.first == name }
  }

  @Test func theTablesAreOfTheMachineAndItsKernels() {
    let report = KernelReport(
      processor: "a processor", roofline: Self.roofline(threads: 2), kernels: Self.kernels)
    let text = report.document.text()
    #expect(text.hasPrefix("a processor, portable, 2 threads\n"))
    #expect(Self.cells(text, beginning: "L1 read") == ["L1 read", "32.0 KiB", "200.0 GB/s", "200.0–200.0"])
    #expect(
      Self.cells(text, beginning: "memory read") == ["memory read", "64.0 MiB", "20.0 GB/s", "10.0–30.0"])
    #expect(
      Self.cells(text, beginning: "multiply-add") == ["multiply-add", "–", "50.0 GFLOP/s", "50.0–50.0"])
    #expect(
      Self.cells(text, beginning: "dense score") == [
        "dense score", "8,192", "64", "KV group", "41.0", "31.0–51.0", "5.00", "12.3", "5.7", "62 %",
      ])
    // What does no operations has no rate of them.
    #expect(
      Self.cells(text, beginning: "append") == [
        "append", "4,096", "64", "token", "0.3", "0.3–0.3", "260.00", "12.3", "–", "4 %",
      ])
  }

  @Test func oneThreadIsOne() {
    let report = KernelReport(processor: "p", roofline: Self.roofline(threads: 1), kernels: [])
    #expect(report.document.text().hasPrefix("p, portable, 1 thread\n"))
  }

  @Test func rowsHoldWhatTheTableRounds() throws {
    let report = KernelReport(processor: "p", roofline: Self.roofline(threads: 2), kernels: Self.kernels)
    let lines = try RecordLines.jsonLines(report.rows).split(separator: "\n")
    #expect(
      lines.first
        == #"{"kernel":"dense score","call":"KV group","tokens":8192,"head_dim":64,"heads":4,"element":"f16","threads":2,"median_ns":40960.0,"low_ns":30960.0,"high_ns":50960.0,"bytes":1000000,"operations":7,"bytes_per_s":12340000000.0,"operations_per_s":5670000000.0,"roofline_share":0.62}"#
    )
    #expect(lines.count == 2)
  }
}
