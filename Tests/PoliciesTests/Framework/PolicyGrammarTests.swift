import Policies
import Testing

@Suite struct PolicyGrammarTests {
  @Test(arguments: [
    (["fasa"], ["fasa"]),
    (["fasa:chunks=8,pairing=adjacent"], ["fasa:chunks=8,pairing=adjacent"]),
    (["oracle,fasa:chunks=8,streaming-llm"], ["oracle", "fasa:chunks=8", "streaming-llm"]),
    (["oracle", "random"], ["oracle", "random"]),
    (["fasa:chunks=4/8/16"], ["fasa:chunks=4", "fasa:chunks=8", "fasa:chunks=16"]),
    (["fasa,chunks=8"], ["fasa:chunks=8"]),
    // The last parameter named varies fastest.
    (
      ["fasa:chunks=4/8,scope=head/group"],
      ["fasa:chunks=4", "fasa:chunks=4,scope=group", "fasa:chunks=8", "fasa:chunks=8,scope=group"]
    ),
    // A label has the descriptor's order, and leaves out what is at its default.
    (["fasa:scope=group,chunks=8,pairing=rope"], ["fasa:chunks=8,scope=group"]),
    (["fasa:chunks=25%"], ["fasa"]),
    (["oracle-mass:p=0.5"], ["oracle-mass:p=0.5"]),
    (["streaming-llm:sinks=8", "streaming-llm:sinks=4"], ["streaming-llm:sinks=8", "streaming-llm"]),
    // A colon after an equals sign is part of a path.
    (
      ["oracle,external:dense-layers=1,file=/tmp/a:b.jsonl"],
      ["oracle", "external:file=/tmp/a:b.jsonl,dense-layers=1"]
    ),
    ([], []),
  ])
  func labels(texts: [String], labels: [String]) throws {
    #expect(try PolicyGrammar.parse(texts).map(\.label) == labels)
  }

  @Test(arguments: [
    (["oracle,oracle"], "policy 'oracle' is given twice: leave one out"),
    (["fasa", "fasa:chunks=0.25"], "policy 'fasa' is given twice: leave one out"),
    (["fasa:chunks=8/8"], "policy 'fasa:chunks=8' is given twice: leave one out"),
    (
      ["fasa:chunks"],
      "cannot read 'chunks' in policy 'fasa:chunks': expected NAME or NAME:PARAMETER=VALUE,…"
    ),
    (["fasa:"], "cannot read '' in policy 'fasa:': expected NAME or NAME:PARAMETER=VALUE,…"),
    (["fasa:=8"], "cannot read '=8' in policy 'fasa:=8': expected NAME or NAME:PARAMETER=VALUE,…"),
    (
      ["fasa:chunks="],
      "cannot read 'chunks=' in policy 'fasa:chunks=': expected NAME or NAME:PARAMETER=VALUE,…"
    ),
    (["chunks=8"], "cannot read 'chunks=8' in policy 'chunks=8': expected NAME or NAME:PARAMETER=VALUE,…"),
    (["random:p=0.5"], "policy 'random' has no parameter 'p': it has dense-layers, sinks, recent"),
    (["oracle-mass:sinks=4"], "policy 'oracle-mass' has no parameter 'sinks': it has p, dense-layers"),
    (["dense:sinks=1"], "policy 'dense' has no parameter 'sinks': it has none"),
    (["fasa:chunks=8,chunks=9"], "policy 'fasa' is given 'chunks' twice: leave one out"),
    (["fasa:pairing=both"], "fasa: pairing=both: expected rope|adjacent"),
    (["fasa:layout=disk"], "fasa: layout=disk: expected packed|planes|rows"),
    (["fasa:chunks=0"], "fasa: chunks=0: expected a count, or a share such as 0.25 or 25%"),
    (["fasa:ca-window=0"], "fasa: ca-window=0: expected 1…1000000, or budget"),
    (["oracle:sinks=-1"], "oracle: sinks=-1: expected 0…1000000"),
    (["oracle:dense-layers=1.5"], "oracle: dense-layers=1.5: expected 0…1024"),
    (["oracle-mass:p=2"], "oracle-mass: p=2: expected 0.01…1.0"),
    (["oracle-mass:p=nan"], "oracle-mass: p=nan: expected 0.01…1.0"),
    (["fasa:chunks=4//8"], "fasa: chunks=: expected a count, or a share such as 0.25 or 25%"),
    (["fasa:chunks=/"], "fasa: chunks=: expected a count, or a share such as 0.25 or 25%"),
  ])
  func refusals(texts: [String], message: String) {
    #expect(throws: PolicyError(message)) { try PolicyGrammar.parse(texts) }
  }

  @Test func allIsEveryPolicyButThoseOfFiles() throws {
    let all = try PolicyGrammar.parse(["all"]).map(\.label)
    #expect(all == PolicyRegistry.names.filter { $0 != "external" })
    // What is named already is not run twice; others run beside.
    let with = try PolicyGrammar.parse(["quest:page=8,fasa", "all"]).map(\.label)
    #expect(
      with.prefix(2) == ["quest:page=8", "fasa"] && Set(with) == Set(all + ["quest:page=8"])
        && with.count == all.count + 1)
    #expect(PolicyGrammar.asksForEverything(["oracle,all"]) && !PolicyGrammar.asksForEverything(["oracle"]))
    #expect(throws: PolicyError("policy 'all' has no parameters: every policy runs with its defaults")) {
      try PolicyGrammar.parse(["all:sinks=4"])
    }
  }

  @Test func aPathIsReadAsItStands() throws {
    for path in ["c.jsonl", "some/c.jsonl", "/tmp/a/b//c.jsonl"] {
      let labels = try PolicyGrammar.parse(["external:file=\(path),dense-layers=0"]).map(\.label)
      #expect(labels == ["external:file=\(path)"])
    }
    #expect(try PolicyGrammar.parse(["external:file=choices.jsonl"]).map(\.label) == ["external"])
  }

  @Test(arguments: ["quset", "", "Fasa", " fasa"]) func unknownNames(name: String) {
    let known = PolicyRegistry.names.joined(separator: ", ")
    #expect(throws: PolicyError("no policy is called '\(name)': there are \(known)")) {
      try PolicyGrammar.parse([name])
    }
  }

  @Test func anErrorReadsAsItsMessage() {
    #expect("\(PolicyError("what to do"))" == "what to do")
  }
}
