import Foundation
import TestSupport
import Testing

@testable import fasa_sim

@Suite struct CompletedWordTests {
  @Test(arguments: [
    ("fas", ["fasa"]), ("fasa,que", ["fasa,quest", "fasa,quest-meanstd"]),
    ("fasa:chun", ["fasa:chunks="]), ("oracle,fasa:fc-scope=g", ["oracle,fasa:fc-scope=group"]),
    // The default of what takes numbers; the values of a grid; a further parameter of the same policy.
    ("fasa:chunks=", ["fasa:chunks=0.25"]), ("fasa:scope=head/gr", ["fasa:scope=head/group"]),
    ("fasa:chunks=8,fc-s", ["fasa:chunks=8,fc-scope="]),
    ("fasa:chunks=8,pairing=a", ["fasa:chunks=8,pairing=adjacent"]),
    // After a policy without a colon comes the next policy alone.
    ("fasa,fc-s", []), ("nope:ch", []), ("external:file=a", []), ("al", ["all"]),
  ])
  func policiesGoOn(word: String, candidates: [String]) {
    #expect(CompletedWord.policies(word) == candidates)
  }

  @Test func everyPolicyAndParameterIsOffered() {
    #expect(Set(CompletedWord.policies("")).isSuperset(of: ["dense", "gist", "all"]))
    #expect(Set(CompletedWord.policies("quest:")).isSuperset(of: ["quest:page=", "quest:kv="]))
  }

  @Test func namesOfAListAreOfferedOnce() {
    let names = ["a100-40gb", "a100-80gb", "h200"]
    #expect(CompletedWord.names("h200,a100-40gb,", among: names) == ["h200,a100-40gb,a100-80gb"])
    #expect(CompletedWord.names("x", among: names).isEmpty)
  }

  @Test func filesAndFoldersAreOffered() throws {
    let folder = try TemporaryFolder()
    _ = try folder.file(Data(), "mine.yaml")
    _ = try folder.file(Data(), "mine.csv")
    let place = folder.path("")
    #expect(CompletedWord.files(place + "mi", endings: [".yaml"]) == [place + "mine.yaml"])
    #expect(CompletedWord.files(folder.path("none/"), endings: [".yaml"]).isEmpty)
  }
}
