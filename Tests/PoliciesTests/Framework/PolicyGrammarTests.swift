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
    (["oracle,oracle"], "policy 'oracle': expected each policy once, found it twice; leave one out"),
    (
      ["fasa", "fasa:chunks=0.25"], "policy 'fasa': expected each policy once, found it twice; leave one out"
    ),
    (["fasa:chunks=8/8"], "policy 'fasa:chunks=8': expected each policy once, found it twice; leave one out"),
    (
      ["fasa:chunks"],
      "policy 'fasa:chunks': expected NAME or NAME:PARAMETER=VALUE,…, found 'chunks'"
    ),
    (["fasa:"], "policy 'fasa:': expected NAME or NAME:PARAMETER=VALUE,…, found ''"),
    (["fasa:=8"], "policy 'fasa:=8': expected NAME or NAME:PARAMETER=VALUE,…, found '=8'"),
    (
      ["fasa:chunks="],
      "policy 'fasa:chunks=': expected NAME or NAME:PARAMETER=VALUE,…, found 'chunks='"
    ),
    (["chunks=8"], "policy 'chunks=8': expected NAME or NAME:PARAMETER=VALUE,…, found 'chunks=8'"),
    (
      ["random:p=0.5"],
      "policy 'random': expected one of its parameters, found 'p'; choose from dense-layers, sinks, recent, or from the frame's scope, lag, lag-cos, reuse, kv, kv-chooses, hot, hot-order, hot-page, hot-start"
    ),
    (
      ["oracle-mass:sinks=4"],
      "policy 'oracle-mass': expected one of its parameters, found 'sinks'; choose from p, dense-layers, or from the frame's kv, kv-chooses, hot, hot-order, hot-page, hot-start"
    ),
    (
      ["dense:sinks=1"],
      "policy 'dense': expected one of its parameters, found 'sinks'; choose from kv, kv-chooses, hot, hot-order, hot-page, hot-start"
    ),
    (
      ["fasa:chunks=8,chunks=9"],
      "policy 'fasa': expected each parameter once, found 'chunks' twice; leave one out"
    ),
    (["fasa:pairing=both"], "policy 'fasa': pairing: expected rope|adjacent, found 'both'"),
    (["fasa:layout=disk"], "policy 'fasa': layout: expected packed|planes|rows, found 'disk'"),
    (["fasa:chunks=0"], "policy 'fasa': chunks: expected a count, or a share such as 0.25 or 25%, found '0'"),
    (["fasa:ca-window=0"], "policy 'fasa': ca-window: expected 1…1000000, or budget, found '0'"),
    (["oracle:sinks=-1"], "policy 'oracle': sinks: expected 0…1000000, found '-1'"),
    (["oracle:dense-layers=1.5"], "policy 'oracle': dense-layers: expected 0…1024, found '1.5'"),
    (["oracle-mass:p=2"], "policy 'oracle-mass': p: expected 0.01…1.0, found '2'"),
    (["oracle-mass:p=nan"], "policy 'oracle-mass': p: expected 0.01…1.0, found 'nan'"),
    (
      ["fasa:chunks=4//8"],
      "policy 'fasa': chunks: expected a count, or a share such as 0.25 or 25%, found ''"
    ),
    (["fasa:chunks=/"], "policy 'fasa': chunks: expected a count, or a share such as 0.25 or 25%, found ''"),
  ])
  func refusals(texts: [String], message: String) {
    let error = #expect(throws: PolicyError.self) { try PolicyGrammar.parse(texts) }
    #expect(error?.description == message)
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
    let error = #expect(throws: PolicyError.self) { try PolicyGrammar.parse(["all:sinks=4"]) }
    #expect(
      error?.description
        == "policy 'all': expected no parameters, since every policy runs with its defaults, found 'sinks'; leave them out"
    )
  }

  @Test func aPathIsReadAsItStands() throws {
    for path in ["c.jsonl", "some/c.jsonl", "/tmp/a/b//c.jsonl"] {
      let labels = try PolicyGrammar.parse(["external:file=\(path),dense-layers=0"]).map(\.label)
      #expect(labels == ["external:file=\(path)"])
    }
    #expect(try PolicyGrammar.parse(["external:file=choices.jsonl"]).map(\.label) == ["external"])
  }

  @Test(arguments: [
    ("quset", "did you mean 'quest'?"), ("Fasa", "did you mean 'fasa'?"), (" fasa", "did you mean 'fasa'?"),
    ("", "choose from \(PolicyRegistry.names.joined(separator: ", "))"),
  ]) func unknownNames(name: String, advice: String) {
    let error = PolicyError(
      "policy '\(name)'", expected: "one that there is", found: "none of that name",
      advice: advice)
    #expect(throws: error) { try PolicyGrammar.parse([name]) }
    #expect(throws: error) { try PolicyRegistry.known(name) }
  }
}
