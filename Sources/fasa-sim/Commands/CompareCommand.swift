import ArgumentParser
import Experiments
import Foundation
import Policies
import Results

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares two configurations, or two runs, on the same queries, with intervals.",
    discussion: """
      A configuration is named by its label, with @ and a budget where several are stored; where that is not enough, with @trace:, \
      @layers:, @heads:, @steps:, @profile:, @seed: or @build: and what it is (of digests the first digits); or by its row, as \
      configuration:7. run:3 is all that run 3 asked for, paired with the other run by label, budget and trace.

      Both sides must be of the same traces, layers, heads and steps. Differences have \
      intervals: they are averaged per step; traces, where there are several, and blocks of up to 8 steps within each are drawn anew \
      10,000 times. Of five texts or more there is a p, corrected for the metrics shown (Holm); of fewer each text's own \
      difference. A trace of fewer than 8 steps gives no interval. Bytes are exact. Kernel times are speed-ups over dense \
      attention, by resampled samples; those of different machines are never mixed. Where live runs (fasa-live run --db) have both, what the \
      model's answers lose stands below: KL to dense attention, NLL, flips, passkeys.

      EXAMPLES:
        fasa-sim compare fasa gist
        fasa-sim compare fasa@256 quest:page=32@256 --db runs.db --markdown
        fasa-sim compare fasa@256@build:1a2b3c fasa@256@build:4d5e6f
        fasa-sim compare fasa@256@profile:9d16a8 fasa@256@profile:77b0c1
        fasa-sim compare fasa@256@old.db fasa@256@new.db
        fasa-sim compare run:1 run:2 --json
      """)

  @Argument(help: "A configuration, such as fasa@256, or a run, such as run:1.")
  var a: String

  @Argument(help: "Another one: differences are its values less those of the first.")
  var b: String

  /// Where the database's place was once.
  @Argument(help: .hidden)
  var rest: [String] = []

  @OptionGroup var database: StoredDatabaseOptions

  @OptionGroup var format: FormatOptions

  func validate() throws {
    let names = [a, b] + rest
    if let file = names.first(where: Self.isFile) {
      let others = names.filter { $0 != file }.joined(separator: " ")
      throw ValidationError(
        "\(file): expected a configuration or a run, found a file; name the database by --db: fasa-sim compare \(others) --db \(file)"
      )
    }
    if let extra = rest.first {
      throw ValidationError("\(extra): expected two sides, found a third; leave it out")
    }
  }

  private static func isFile(_ name: String) -> Bool {
    PlacedSubject.isFile(name) && PlacedSubject(name).database == nil
      || FileManager.default.fileExists(atPath: name)
        && PolicyRegistry.policy(named: String(name.prefix { $0 != ":" && $0 != "@" })) == nil
  }

  func run() throws {
    let sides = [PlacedSubject(a), PlacedSubject(b)].map {
      (subject: $0.subject, file: $0.database ?? database.db)
    }
    guard sides[0].file == sides[1].file else {
      let joined = try JoinedSides(sides[0], sides[1])
      do { return try compare(joined.store, joined.a, joined.b, isJoined: true) } catch let error
        as ResultsError
      {
        throw joined.told(error, a: a, b: b)
      }
    }
    let store = try ResultsStore(named: sides[0].file, access: .readOnly)
    try compare(store, sides[0].subject, sides[1].subject)
  }

  /// - Parameter isJoined: whether the store holds the two sides alone, and no live runs.
  private func compare(
    _ store: ResultsStore, _ first: ComparisonSubject, _ second: ComparisonSubject, isJoined: Bool = false
  ) throws {
    switch (first, second) {
    case (.label(let one), .label(let other)):
      let live = isJoined ? nil : try store.liveComparison(one, other)
      // Live runs alone are compared too; what keeps replays from it is then no error.
      guard let live, try !store.hasReplay(of: one, other) else {
        let found = try store.pairedDifferences(one, other)
        let json = ComparisonJSON(found, live: live)
        return try format.print(
          json: json, rows: json.lines,
          document: ComparisonText.document(found, live: live, a: a, b: b))
      }
      let json = ComparisonJSON.Live(live)
      try format.print(
        json: json, rows: json.metrics, document: ComparisonText.document(live, a: a, b: b))
    case (.run(let first), .run(let second)):
      // Tables of runs do not tell where each pair differs most.
      let found = try store.pairedRuns(first, second, places: format.format == .json)
      let json = ComparisonJSON.Runs(found, a: a, b: b)
      try format.print(json: json, rows: json.lines, document: ComparisonText.document(found, a: a, b: b))
    case (.run, .label), (.label, .run):
      throw ResultsError(
        .unknownConfiguration, file: store.file, part: "\(a), \(b)",
        expected: "two configurations or two runs",
        found: "one of each", advice: "give two labels, such as fasa@256, or two runs, such as run:1")
    }
  }
}
