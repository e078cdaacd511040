import Attention
import Foundation
import Results
import Simulator
import Traces

/// Captures a model's attention over texts, calibrates on the first, replays the others and draws the report.
///
/// Each file appears when it is whole, and is not made again while what it is made from stays as it was.
public struct Study {
  /// Who is told of the steps.
  public protocol Listener {
    /// A sentence, as a step ends or before it begins.
    func tell(_ text: String)
    /// How far a step is.
    func progress(_ title: String) -> @Sendable (_ done: Int, _ total: Int) -> Void
    /// The step whose progress was told has ended.
    func ended()
  }

  private let request: StudyRequest
  private let program: CaptureProgram
  private let listener: any Listener
  private let digests: [String]

  /// - Throws: `ReplayError` where a text or the model is not there, or a text is given twice.
  public init(_ request: StudyRequest, program: CaptureProgram, listener: any Listener) throws {
    (self.request, self.program, self.listener) = (request, program, listener)
    digests = try request.texts.map { path in
      guard let data = WholeFile.data(path) else {
        throw ReplayError(
          path, expected: "a text", found: "no file that can be read", advice: "check the path")
      }
      return SHA256Digest.hex(of: data)
    }
    for (index, digest) in digests.enumerated() {
      guard let first = digests.firstIndex(of: digest), first < index else { continue }
      throw ReplayError(
        request.texts[index], expected: "each text once, since none is scored on what calibrated it",
        found: "the text of \(request.texts[first]) again", advice: "leave one out")
    }
    if request.model.contains("/") || request.model.hasSuffix(".gguf"),
      !FileManager.default.fileExists(atPath: request.model)
    {
      throw ReplayError(
        request.model, expected: "a GGUF file or a Hugging Face model folder", found: "no such file",
        advice: "check the path")
    }
  }

  public var database: String { "\(request.folder)/runs.db" }

  /// Runs what is not done yet.
  ///
  /// - Parameter storing: stands round each transaction of the replays.
  public func run(storing: (any StoringGuard)? = nil) throws -> StudyReport {
    try OutputFolder.make(request.folder)
    var record = StudyRecord(folder: request.folder)
    let isSplit = request.texts.count > 1
    let (steps, folder) = (request.texts.count + (isSplit ? 1 : 0) + 2, request.folder)
    var step = 0
    func done(_ what: String, _ started: ContinuousClock.Instant?) {
      step += 1
      let time = started.map { Self.seconds(since: $0) } ?? "there already"
      listener.tell("\(step)/\(steps) \(what): \(time)")
    }
    let paths = request.names.map { "\(folder)/\($0).zst" }
    var slowest: ContinuousClock.Duration?
    for (index, path) in paths.enumerated() {
      let inputs =
        captureOptions(index).flatMap { [$0, $1] } + [StudyRecord.state(of: request.model), digests[index]]
      if record.holds(path, madeFrom: inputs) {
        done("captured \(request.texts[index])", nil)
        continue
      }
      tellEstimate(slowest, texts: paths.count - index)
      let started = ContinuousClock.now
      try program.run(captureArguments(index) + ["-o", path], log: "\(folder)/\(request.names[index]).log")
      try record.add(path, madeFrom: inputs)
      slowest = max(slowest ?? .zero, started.duration(to: .now))
      done("captured \(request.texts[index])", started)
    }
    var replay = request.replay
    let profile = "\(folder)/profile.json"
    if isSplit {
      replay.profile = profile
      let trace = try Trace(path: paths[0])
      let inputs = ["profile", try trace.digest()]
      let isThere = record.holds(profile, madeFrom: inputs)
      let started = ContinuousClock.now
      if !isThere {
        try calibrate(on: trace, to: profile)
        try record.add(profile, madeFrom: inputs)
      }
      done("calibrated on \(request.texts[0])", isThere ? nil : started)
    } else {
      replay.selfCalibrates = true
      listener.tell(
        "one text calibrates and is scored: its earliest traced queries calibrate and are scored for no policy, and policies that need a profile cannot run. Give a second text to have the two apart"
      )
    }
    let started = ContinuousClock.now
    let reports = try self.replay(replay, isSplit ? Array(paths.dropFirst()) : paths, storing)
    done(
      "replayed \(isSplit ? request.texts.dropFirst().joined(separator: ", ") : request.texts[0])", started)
    let drawn = ContinuousClock.now
    let page = "\(folder)/report.html"
    try draw(page)
    done("drew \(page)", drawn)
    return StudyReport(
      folder: folder, database: database, page: page, profile: isSplit ? profile : nil, traces: paths,
      reports: reports)
  }

  private func captureArguments(_ index: Int) -> [String] {
    let options = captureOptions(index) + [("threads", "\(request.replay.threads)")]
    return ["run", request.model, request.texts[index]] + options.flatMap { ["--\($0)", $1] }
  }

  /// What decides which trace a capture gives: threads do not.
  private func captureOptions(_ index: Int) -> [(String, String)] {
    let calibrates = index == 0 && request.texts.count > 1
    // A calibration is a mean over decode steps.
    let decode = calibrates ? max(request.decode, min(128, request.mostTokens / 2)) : request.decode
    return [
      ("most-tokens", "\(request.mostTokens)"), ("decode", "\(decode)"), ("layers", request.layers),
    ] + (request.dtype == .f16 ? [] : [("dtype", request.dtype.rawValue)])
  }

  /// By those that were made; before the first, by what a quantised model's bytes took on one core
  /// (docs/capture.md), where that is long.
  private func tellEstimate(_ slowest: ContinuousClock.Duration?, texts: Int) {
    let model = URL(fileURLWithPath: request.model).resolvingSymlinksInPath().path
    let size = (try? FileManager.default.attributesOfItem(atPath: model))?[.size] as? Int ?? 0
    let perByteAndToken = 2.4e-10
    let guess =
      perByteAndToken * Double(size) * Double(request.mostTokens) / Double(max(1, request.replay.threads))
    let each = slowest?.seconds ?? guess
    guard each * Double(texts) > 10 else { return }
    listener.tell(
      "\(texts == 1 ? "one capture" : "\(texts) captures") to come, \(slowest == nil ? "very roughly" : "about") \(Self.text(each))\(texts == 1 ? "" : " each")"
    )
  }

  private func calibrate(on trace: Trace, to path: String) throws {
    let windows = [128, 256, 512, 1024].filter { $0 <= trace.metadata.tokens.prompt }
    let file = try OutputFile(path: path)
    let progress = listener.progress("calibrating")
    defer { listener.ended() }
    let profile = try Calibration(trace).run(
      CalibrationOptions(
        windows: windows.isEmpty ? [128] : windows, threads: request.replay.threads,
        instructionSet: request.replay.instructionSet, progress: progress))
    try file.write(profile.encoded())
    try file.publish()
  }

  private func replay(_ replay: ReplayRequest, _ paths: [String], _ storing: (any StoringGuard)?) throws
    -> [ReplayReport]
  {
    let jobs = try paths.map {
      try ReplayJob(
        replay.prepare(Trace(path: $0), budgets: .tokens(request.budgets)), isTimed: request.isTimed,
        detail: .step)
    }
    let store = try ResultsStore(path: database)
    return try jobs.map { job in
      let progress = listener.progress("replaying \(job.trace.path)")
      defer { listener.ended() }
      return try job.run(store: store, storing: storing, progress: progress)
    }
  }

  private func draw(_ path: String) throws {
    let report = try ResultsStore(path: database, access: .readOnly).report()
    let file = try OutputFile(path: path)
    try file.write(
      ReportPage(title: "fasa-sim: \(StudyRequest.name(of: request.model))", report: report).html())
    try file.publish()
  }

  private static func seconds(since started: ContinuousClock.Instant) -> String {
    text(started.duration(to: .now).seconds)
  }

  private static func text(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    return whole < 60
      ? "\(NumberText.decimal(seconds, places: seconds < 10 ? 1 : 0)) s" : "\(whole / 60) min \(whole % 60) s"
  }
}
