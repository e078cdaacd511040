import Attention
import Policies
import Testing

/// One label for one behaviour.
@Suite struct CanonicalLabelTests {
  /// 64 channels, 32 chunks, 30 layers.
  private func label(_ text: String) throws -> String {
    try PolicyGrammar.parse([text])[0].canonical {
      switch $0 {
      case .chunks: 32
      case .channels: 64
      case .layers: 30
      }
    }.label
  }

  @Test(
    arguments: [
      ("fasa:chunks=8", "fasa"), ("fasa:chunks=0.25", "fasa"), ("fasa:chunks=0.26", "fasa"),
      ("fasa:chunks=9", "fasa:chunks=9"),
      ("fasa:chunks=8,sinks=4", "fasa:sinks=4"),
      ("fasa:adaptive=on,max-chunks=8,min-chunks=1", "fasa:adaptive=on"),
      ("sparq:channels=0.5", "sparq"), ("sparq:channels=16", "sparq:channels=16"), ("loki:rank=16", "loki"),
      ("double-sparsity:channels=8", "double-sparsity"), ("infinigen:ratio=12", "infinigen"),
      ("tidal:correction=12", "tidal"),
      // Of what a step sees, which is not the same at every step.
      ("clusterkv:clusters=0.05", "clusterkv:clusters=0.05"), ("quest:page=16", "quest"),
    ] as [(String, String)])
  func anAmountThatComesToTheDefaultIsTheDefault(text: String, label: String) throws {
    #expect(try self.label(text) == label)
  }
}
