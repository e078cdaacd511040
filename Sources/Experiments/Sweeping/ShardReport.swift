import Results

/// What a sweep of some units did.
public struct ShardReport {
  let database: String
  let run: Int64?
  /// By name.
  let units: [UnitLine]
  let seconds: Double
  let notes: [String]
  /// Why units could not be replayed.
  public let failures: [any Error]

  /// What became of one unit's configurations.
  struct UnitLine: Encodable {
    let unit: String
    let trace: String
    let configurations: Int
    let added: Int
    let alreadyThere: Int
    /// In other databases, and so left out.
    let known: Int
    let error: String?
  }

  /// The report as an object.
  public struct JSON: Encodable {
    let database: String
    let run: Int64?
    let units: [UnitLine]
    let configurations: Int
    let added: Int
    let alreadyThere: Int
    let known: Int
    let seconds: Double
    let notes: [String]
  }

  init(_ outcome: Sweep.Outcome, of sweep: Sweep, database: String) {
    self.database = database
    run = outcome.run?.rawValue
    seconds = outcome.seconds
    failures = outcome.failures.map(\.error)
    let errors = Dictionary(
      outcome.failures.compactMap { failure in failure.unit.map { ($0.name, "\(failure.error)") } },
      uniquingKeysWith: { first, _ in first })
    units = outcome.work.compactMap { work in
      work.unit.map { unit in
        UnitLine(
          unit: unit.name, trace: unit.trace, configurations: unit.places.count,
          added: errors[unit.name] == nil ? work.missing.count : 0, alreadyThere: work.stored.count,
          known: work.known.count, error: errors[unit.name])
      }
    }
    var told: Set<String> = []
    let own = Set(outcome.work.map(\.job)).sorted().flatMap { place in
      let job = sweep.jobs[place]
      return (job.notes + job.plan.notes).map { "\(sweep.names[place]): \($0)" }
    }
    notes = (outcome.notes + own).filter { told.insert($0).inserted }
  }

  public var hasAdded: Bool { sum(\.added) > 0 }

  public var json: JSON {
    JSON(
      database: database, run: run, units: units, configurations: sum(\.configurations), added: sum(\.added),
      alreadyThere: sum(\.alreadyThere), known: sum(\.known), seconds: seconds, notes: notes)
  }

  /// Of each unit what became of it, as lines of csv and jsonl.
  package var lines: [some Encodable] { units }

  package var document: Document {
    let parts = [
      "\(NumberText.grouped(sum(\.added))) of \(NumberText.grouped(sum(\.configurations))) configurations added to \(database)",
      sum(\.alreadyThere) > 0 ? "\(NumberText.grouped(sum(\.alreadyThere))) were there already" : nil,
      sum(\.known) > 0 ? "\(NumberText.grouped(sum(\.known))) are in the databases that are known" : nil,
      failures.isEmpty ? nil : "\(failures.count) \(failures.count == 1 ? "unit" : "units") failed",
      "took \(NumberText.decimal(seconds, places: 0)) s",
    ]
    return Document([
      .notes(
        notes,
        then: [
          "\(NumberText.grouped(units.count)) \(units.count == 1 ? "unit" : "units"): "
            + parts.compactMap(\.self).joined(separator: "; ")
        ])
    ])
  }

  private func sum(_ count: (UnitLine) -> Int) -> Int { units.reduce(0) { $0 + count($1) } }
}

extension Sweep {
  /// Computes, stores and prices what of the units neither the database nor known ones hold. A unit whose trace or policies
  /// fail is told in the report, and the others go on.
  ///
  /// - Parameters:
  ///   - database: the store's name, as the report is to tell it.
  ///   - known: databases whose configurations are left out.
  ///   - storing: told how much is stored, and stands round each transaction.
  ///   - progress: called with parts done and parts in all, from any thread.
  /// - Throws: `ResultsError` where the database cannot be written or this build gave other bits before.
  public func runUnits(
    store: ResultsStore, database: String, known: [ResultsStore] = [], storing: (any StoringGuard)? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> ShardReport {
    let sweep = try units == nil ? only(allUnits()) : self
    let outcome = try sweep.fill(store: store, known: known, storing: storing, progress: progress)
    return ShardReport(outcome, of: sweep, database: database)
  }

  /// What there is to tell where a database and known ones hold all that is asked for; nil where they lack something, or
  /// prices are asked for.
  ///
  /// - Parameter prices: whether those count.
  public func report(
    ofWhole store: ResultsStore, database: String, known: [ResultsStore] = [], prices: Bool = true
  ) throws -> ShardReport? {
    guard plan.hardware.isEmpty || !prices else { return nil }
    let work = try work(in: store, known: known)
    guard work.allSatisfy(\.missing.isEmpty) else { return nil }
    let outcome = Outcome(work: work, run: nil, rows: [], notes: [], failures: [], seconds: 0)
    return ShardReport(outcome, of: self, database: database)
  }
}
