import Attention
import Kernels
import Pricing
import Testing

@testable import Experiments
@testable import Machine

/// What each timed kernel asks of a machine, as the cost model is told.
@Suite struct MeasuredCallTests {
  private func call(_ kernel: String) -> MeasuredCall? {
    MeasuredCall(
      KernelResult(
        kernel: kernel, call: "KV group", tokens: 4096, headDim: 96, heads: 4, element: .f16, threads: 3,
        nanoseconds: Quantity([2000, 3000, 9000]), bytes: 5000, operations: 700, bytesPerSecond: 1,
        operationsPerSecond: 1, rooflineShare: 1))
  }

  @Test func aCallIsOfTheMedianTime() throws {
    let made = try #require(call("dense attend"))
    #expect(abs(made.seconds - 3e-6) < 1e-18)
    #expect(made.tokens == 4096 && made.headDim == 96 && made.threads == 3)
    #expect(made.name == "dense attend, head dimension 96, 4096 tokens")
  }

  @Test(arguments: ["dense score", "dense score, one head", "dense attend"])
  func denseKernelsReadRowsSideBySide(kernel: String) throws {
    let load = try #require(call(kernel)).load
    #expect(load.attend == [Access(bytes: 5000)] && load.attendOperations == 700)
    #expect(!load.chooses && load.score.isEmpty && load.candidates == 0)
  }

  @Test func partialScoresAreReadToChoose() throws {
    let load = try #require(call("partial score, packed")).load
    #expect(load.score == [Access(bytes: 5000)] && load.scoreOperations == 700)
    #expect(load.chooses && load.attend.isEmpty && load.candidates == 0)
  }

  /// A row of 96 channels of two bytes is gathered at a time.
  @Test(arguments: [
    "gather and attend, k = 256", "gather and attend, k = 1024", "gather and attend, k = 19 %",
  ])
  func gatheredRowsAreScattered(kernel: String) throws {
    let load = try #require(call(kernel)).load
    #expect(load.attend == [Access(bytes: 5000, pieceBytes: 192)] && load.attendOperations == 700)
    #expect(load.chooses && load.score.isEmpty)
  }

  @Test(arguments: ["top-k, k = 256", "top-k, k = 19 %"]) func aTopKGoesThroughAllTokens(kernel: String)
    throws
  {
    let load = try #require(call(kernel)).load
    #expect(load.candidates == 4096 && load.chooses && load.bytes == 0)
  }

  @Test func nothingIsFittedToOthers() { #expect(call("exact score") == nil) }

  /// A kernel that is renamed would be left out of the fit in silence.
  @Test func everyFittedKernelIsOneThatIsTimed() throws {
    let benchmark = KernelBenchmark(kernels: try Kernels(), roofline: KernelReportTests.roofline(threads: 1))
    #expect(FittedKernels.all.subtracting(benchmark.names(tokens: 4096)).isEmpty)
    #expect(FittedKernels.all.allSatisfy { call($0) != nil })
  }
}
