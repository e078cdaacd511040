import Attention
import Testing

@Suite struct ExplainedErrorTests {
  private struct Sample: ExplainedError {
    let place = "run.zst: layers.5.k"
    let expected = "shape [3, 4096, 64]"
    let found = "[3, 4095, 64]"
    var advice: String?
  }

  @Test func anErrorIsTheSentenceOfItsParts() {
    #expect("\(Sample())" == "run.zst: layers.5.k: expected shape [3, 4096, 64], found [3, 4095, 64]")
  }

  @Test func adviceComesLast() {
    #expect(
      "\(Sample(advice: "capture the trace again"))"
        == "run.zst: layers.5.k: expected shape [3, 4096, 64], found [3, 4095, 64]; capture the trace again")
  }

  /// Who catches any error shows the same.
  @Test func anyErrorReadsAlike() {
    let error: any Error = Sample(advice: "capture the trace again")
    #expect("\(error)" == Sample(advice: "capture the trace again").description)
  }
}
