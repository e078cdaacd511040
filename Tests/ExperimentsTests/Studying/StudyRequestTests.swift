import Testing

@testable import Experiments

@Suite struct StudyRequestTests {
  /// No text's trace is another's, nor a file that a study makes itself.
  @Test(
    arguments: [
      (["a/book.txt", "b/book.txt"], ["book", "book-2"]),
      (["book-2.txt", "a/book.txt", "b/book.txt"], ["book-2", "book", "book-3"]),
      (["runs.txt", "profile.md", "x"], ["runs-2", "profile-2", "x"]),
    ] as [([String], [String])])
  func everyTextHasATraceOfItsOwn(texts: [String], names: [String]) {
    let request = StudyRequest(
      model: "m.gguf", texts: texts, folder: "f", mostTokens: 100, decode: 10, layers: "all",
      replay: ReplayRequest(policies: PolicyChoice()), budgets: [], isTimed: false)
    #expect(request.names == names)
  }
}
