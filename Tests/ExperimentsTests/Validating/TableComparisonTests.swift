import Foundation
import Pricing
import Testing

@testable import Experiments

@Suite struct TableComparisonTests {
  /// 1 TB/s; keys and values of 2 MB and more are from memory.
  private static let machine = """
    name: round
    title: a machine to compute by hand with
    kind: gpu
    memory: {capacity_bytes: 1e11, bandwidth_bytes_per_s: 1e12, sector_bytes: 32, line_bytes: 128}
    last_level_cache: {bytes: 1e6}
    compute:
      peak_flops: {f16: 1e15}
    """

  /// Takes so long beside reading at all of the bandwidth; a graph's kernels are launched ahead.
  private static func set(_ name: String, latencyNs: Int, isAhead: Bool = true) throws -> KernelSet {
    try KernelSet(
      yaml: """
        name: \(name)
        title: kernels to compute by hand with
        launches_ahead: \(isAhead)
        compute_efficiency: 1
        dense: {launch_ns: 0, latency_ns: \(latencyNs), stream_efficiency: 1}
        sparse:
          launch_ns: 0
          split_select_launch_ns: 0
          latency_ns: 0
          stream_efficiency: 1
          gather_efficiency:
            - {row_bytes: 256, efficiency: 1}
          select_passes: 0
          serial_ns_per_token: 1
        """, file: "\(name).yaml")
  }

  private static func bundled() throws -> BundledKernels {
    BundledKernels(
      machines: [try HardwareDescription(yaml: machine, file: "m.yaml")],
      sets: try [
        set("mine", latencyNs: 0), set("slow", latencyNs: 8000), set("cpu", latencyNs: 0, isAhead: false),
      ])
  }

  private static func table(_ lines: [String], kernels: [String] = []) throws -> TableComparison {
    try TableComparison(
      TableRows(Data((lines.joined(separator: "\n") + "\n").utf8), path: "t.csv"), kernels: kernels, bundled()
    )
  }

  private static let header =
    "machine,engine,kernel,kv_dtype,head_dim,query_heads,kv_heads,batch,context,latency_us"

  private static let large = "round,mine 1,k,fp8,100,1,1,40,1000,10"
  private static let small = "round,mine 1,k,fp8,100,1,1,4,1000,1"
  /// 8 MB at 1 TB/s are 8 µs; 800 KB are 0.8 µs. One row of ten from memory beats it.
  private static let rows =
    [header] + Array(repeating: large, count: 9) + [
      small, large.replacing("1000,10", with: "1000,7.9"), large.replacing("mine", with: "other"),
      large.replacing("round", with: "unknown"),
    ]

  @Test func everySetOfGPUsPredictsEachRow() throws {
    let table = try Self.table(Self.rows)
    #expect(table.sets == ["mine", "slow"])
    #expect(table.predictions.map(\.measured) == Array(repeating: 10, count: 9) + [1])
    let told = table.predictions[0].predicted.compactMap(\.self)
    #expect(abs(told[0] - 8) < 1e-9 && abs(told[1] - 16) < 1e-9)
    #expect(table.leftOut.values.sorted() == [1, 1, 1])
    #expect(table.leftOut["quicker than the memory"] == 1)
    #expect(table.leftOut["of other, which no kernel set is of"] == 1)
  }

  /// Two of ten are too many: what is left of the kernel is trusted no more.
  @Test func aKernelThatBeatsTheMemoryOftenIsLeftOut() throws {
    let beating = Self.large.replacing("1000,10", with: "1000,7.9")
    let others = Array(repeating: Self.large.replacing("mine 1", with: "mine 2"), count: 3)
    let table = try Self.table(
      [Self.header] + Array(repeating: Self.large, count: 8) + [beating, beating, Self.small] + others)
    #expect(table.predictions.map { $0.labels[1] } == ["mine 2", "mine 2", "mine 2"])
    #expect(table.leftOut["quicker than the memory"] == 2)
    #expect(table.leftOut["of kernels of which more than a tenth are quicker than the memory"] == 9)
  }

  @Test func linesTellMemoryApart() throws {
    let lines = try Self.table(Self.rows).lines(isShort: false)
    #expect(lines.map(\.part) == ["all", "from memory"] && lines.map(\.rows) == [10, 9])
    #expect(lines[0].labels == ["round", "mine 1", "8 bits"])
    let mine = try #require(lines[1].errors[0]), slow = try #require(lines[1].errors[1])
    #expect(abs(mine.median - 0.2) < 1e-9 && abs(slow.median - 0.6) < 1e-9)
    #expect(try Self.table(Self.rows).lines(isShort: true)[0].labels == ["mine 1", "8 bits"])
  }

  @Test func textAndJSONHoldTheSame() throws {
    let table = try Self.table(Self.rows)
    #expect(table.text(listsCases: false).contains("20.0 % / 20.0 %"))
    #expect(table.text(listsCases: true).contains("10.00 µs"))
    let json = table.json(listsCases: true)
    #expect(json.kernels == ["mine", "slow"] && json.lines.count == 2 && json.cases?.count == 10)
    #expect(json.lines[0].labels["machine"] == "round" && json.lines[0].errors["slow"]?.cases == 10)
    #expect(table.json(listsCases: false).cases == nil)
  }

  /// A serial nanosecond for each of 1,000 scores.
  @Test func topKRowsAreHeldToo() throws {
    let table = try Self.table([
      "machine,stage,kernel,sequences,queries_per_sequence,candidates,rows,score_distribution,latency_us",
      "round,select,topk,1,4,1000,4,flat,2", "round,score,mqa,1,4,1000,4,,2",
    ])
    #expect(table.lines(isShort: false)[0].labels == ["round", "select", "flat"])
    #expect(abs((table.predictions[0].predicted[0] ?? 0) - 1) < 1e-9)
    #expect(table.leftOut.values.reduce(0, +) == 1)
  }

  /// A quarter of the pages and a sixteenth of digests are less than everything, for both sets.
  @Test func speedUpsHaveASide() throws {
    let table = try Self.table([
      PublishedTimes.columns.joined(separator: ","),
      "s,l,round,m,,32,8,128,,16,8,10000,quest,0.25,kernel,2.7,x,sparse-kernel-speedup,",
    ])
    let line = try #require(table.lines(isShort: false).first)
    #expect(line.decided == 1 && line.sideRight == [1, 1])
    #expect(table.text(listsCases: false).contains("side of 1× right, of 1"))
    #expect(table.json(listsCases: false).lines[0].sideRight == ["mine": 1, "slow": 1])
  }

  @Test func kernelsAndMachinesMustBeKnown() throws {
    #expect(try Self.table(Self.rows, kernels: ["k"]).predictions.count == 10)
    let unknown = #expect(throws: PricingError.self) { try Self.table(Self.rows, kernels: ["z"]) }
    #expect(unknown?.description.contains("found none called z; choose from k") == true)
    let none = #expect(throws: PricingError.self) {
      try Self.table([Self.header, Self.large.replacing("round", with: "unknown")])
    }
    #expect(none?.description.contains("found 1 of machines without a GPU's description") == true)
  }
}
