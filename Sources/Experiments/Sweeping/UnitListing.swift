import Results

/// The units of a sweep, listed without running anything.
package struct UnitListing {
  /// One unit.
  package struct Line: Encodable {
    let unit: String
    /// As the sweep names it.
    let trace: String
    let traceDigest: String
    let configurations: Int
    /// Names, each once.
    let policies: [String]
    /// Estimates on this machine.
    let seconds: Double
    let memoryBytes: Int
    let isStored: Bool
  }

  package struct JSON: Encodable {
    let units: [Line]
  }

  /// By name.
  package let lines: [Line]
  private let threads: Int
  /// Of what is left to run.
  private let secondsLeft: Double

  /// - Parameters:
  ///   - store: the database that the sweep is to write to; nil where there is none yet.
  ///   - known: databases whose configurations are left out.
  package init(_ sweep: Sweep, store: ResultsStore?, known: [ResultsStore]) throws {
    threads = sweep.plan.request.threads
    let sweep = try sweep.units == nil ? sweep.only(sweep.allUnits()) : sweep
    let work = try sweep.work(in: store, known: known)
    secondsLeft = work.reduce(0) { $0 + sweep.jobs[$1.job].estimate($1.missing).seconds }
    lines = work.compactMap { work in
      guard let unit = work.unit else { return nil }
      let job = sweep.jobs[work.job]
      var names: [String] = []
      for place in unit.places {
        let name = job.configurations[place].policy.descriptor.name
        if !names.contains(name) { names.append(name) }
      }
      let estimate = job.estimate(unit.places)
      return Line(
        unit: unit.name, trace: unit.trace, traceDigest: unit.traceDigest, configurations: unit.places.count,
        policies: names, seconds: estimate.seconds, memoryBytes: estimate.memoryBytes,
        isStored: work.missing.isEmpty)
    }
  }

  package var json: JSON { JSON(units: lines) }

  package var document: Document {
    let table = TextTable(
      lines,
      [
        .left("unit") { $0.unit },
        .left("trace") { $0.trace },
        .right("configurations") { NumberText.grouped($0.configurations) },
        .left("policies", drop: 1, isProse: true) { $0.policies.shortList(atMost: 6) },
        .right("expected") { DurationText.about($0.seconds) },
        .right("memory", drop: 2) { ReplayEstimate.memoryText($0.memoryBytes) },
        .left("") { $0.isStored ? "stored" : "" },
      ])
    let left = lines.filter { !$0.isStored }
    let time = left.isEmpty ? "" : ": \(ReplayEstimate.timeText(secondsLeft, threads: threads))"
    return Document([
      .table(table),
      .lines([
        "\(NumberText.grouped(lines.count)) \(lines.count == 1 ? "unit" : "units"), \(NumberText.grouped(left.count)) to run\(time)"
      ]),
    ])
  }
}
