import Attention
import Kernels
import Policies
import Traces

/// What a replay will score, checked against the trace before any work is done.
public struct ReplayPlan: Sendable {
  public let layers: [Int]
  /// Query heads to report.
  public let heads: [Int]
  /// Rows of the trace's query tensors to score.
  public let rows: [Int]
  /// Decode rows before the first scored one, which policies that keep state walk first; empty where none does.
  let warmUpRows: [Int]
  /// Rows to calibrate FASA on, where the trace is to do so itself.
  let calibrationRows: [Int]
  private let trace: Trace
  /// The rows as steps, with what they see in the first layer.
  var steps: [Step] { TraceGroups(trace).steps(rows: rows, layer: layers.first ?? 0) }
  private let needsAgreement: Bool
  private let needsStatistics: Bool
  private let profile: LoadedProfile?
  /// Sets that files name, by path.
  let external: [String: ExternalChoices]
  /// K of the agreement that a trace measures on itself, whichever policies ask: the nearest would else depend on them.
  private static let ownWindows = [128, 256, 512, 1024]
  /// What the user should know, a sentence each.
  public private(set) var notes: [String] = []
  /// Those of them about what calibrates.
  public private(set) var calibrationNotes: [String] = []

  /// - Throws: ``ReplayError`` where the trace does not hold what is asked, or the profile is of another model.
  public init(_ trace: Trace, configurations: [ReplayConfiguration], options: ReplayOptions) throws {
    self.trace = trace
    profile = options.profile
    try TraceGroups(trace).checkHeads()
    external = try Self.external(configurations, trace: trace)
    let captured = trace.metadata.capturedLayers
    layers = try Self.members(options.layers, of: captured, what: "layer", trace: trace)
    let allHeads = Array(0..<trace.metadata.geometry.queryHeads)
    heads = try Self.members(options.heads, of: allHeads, what: "query head", trace: trace)
    needsAgreement = configurations.contains { $0.policy.needs.contains(.contextualAgreement) }
    needsStatistics = configurations.contains { $0.policy.needs.contains(.headStatistics) }

    let decode = TraceGroups(trace).decodeRows
    guard !decode.isEmpty else {
      throw ReplayError(
        trace.path,
        expected: "decode steps, at or above the prompt's \(trace.metadata.tokens.prompt) tokens",
        found: "none among the traced queries", advice: "capture it with decode steps")
    }
    let asked = options.steps ?? 0..<decode.count
    guard asked.lowerBound >= 0, asked.upperBound <= decode.count, !asked.isEmpty else {
      throw ReplayError(
        trace.path, expected: "steps among its decode steps 0-\(decode.count - 1)",
        found: "\(asked.lowerBound)-\(asked.upperBound - 1)", advice: "choose among those")
    }
    try CalibrationCheck(trace: trace, options: options).check(configurations.map(\.policy))
    let scores = TraceScores(trace: trace, needs: [])
    for configuration in configurations {
      if let lack = scores.lack(configuration.policy, layers: layers) {
        throw ReplayError(lack, in: trace.path)
      }
    }
    // Whichever policies run beside each other, the same steps are scored.
    let calibrating = TraceGroups(trace).ownCalibrationRows(options)
    let scored = decode[asked].filter { !calibrating.contains($0) }
    guard !scored.isEmpty else {
      throw ReplayError(
        trace.path,
        expected:
          "a decode step to score after its own \(calibrating.count) earliest queries, which calibrate",
        found: "none", advice: "ask for later steps, or give a profile in place of self-calibration")
    }
    if needsAgreement || needsStatistics { calibrationNotes += options.profile?.notes(for: trace) ?? [] }
    if options.selfCalibrates {
      let dropped = asked.count - scored.count
      calibrationNotes.append(
        "calibrated on this trace's own \(calibrating.count) earliest traced queries"
          + (dropped > 0
            ? ", and \(dropped) decode steps among them are scored for no policy"
            : ", none of which is scored")
      )
    }
    notes = Self.promptNotes(configurations, trace: trace) + calibrationNotes
    notes += external.values.filter { !$0.namesTrace }.map(\.path).sorted().map {
      "\($0) does not say which trace it was chosen on (trace_sha256): its layers, heads and positions alone were compared"
    }
    calibrationRows = calibrating
    rows = scored
    // What an evicting policy holds at a step depends on all steps before it, asked for or not.
    warmUpRows =
      configurations.contains { $0.policy.keepsState } ? Array(decode.prefix { $0 != scored.first }) : []
  }

  /// Whether a policy uses a profile, rather than the trace itself or nothing.
  public var usesProfile: Bool { (needsAgreement || needsStatistics) && profile != nil }

  /// The head statistics that policies use, turned to the trace's layout; nil where there are none.
  var statistics: HeadStatistics? {
    needsStatistics ? profile?.profile.headStatistics(for: TraceGroups(trace).chunks.pairing) : nil
  }

  /// The layers that ranges name; nil for nil, which is all.
  ///
  /// - Throws: ``ReplayError`` where the trace lacks one of them.
  public static func layers(_ asked: NumberRanges?, of trace: Trace) throws -> [Int]? {
    try asked?.members(of: trace.metadata.capturedLayers, what: "layer", path: trace.path)
  }

  /// The query heads that ranges name; nil for nil, which is all.
  ///
  /// - Throws: ``ReplayError`` where the model lacks one of them.
  public static func heads(_ asked: NumberRanges?, of trace: Trace) throws -> [Int]? {
    let all = Array(0..<trace.metadata.geometry.queryHeads)
    return try asked?.members(of: all, what: "query head", path: trace.path)
  }

  private static func external(_ configurations: [ReplayConfiguration], trace: Trace) throws
    -> [String: ExternalChoices]
  {
    let paths = configurations.compactMap(\.policy.inputFile)
    return try Dictionary(
      uniqueKeysWithValues: Set(paths).map { ($0, try ExternalFile(path: $0, trace: trace).read()) })
  }

  /// SHA-256 of the file that a configuration reads beside trace and profile; nil where it reads none.
  public func inputDigest(_ configuration: ReplayConfiguration) -> String? {
    configuration.policy.inputFile.flatMap { external[$0]?.digest }
  }

  /// What stands in for the prompt's attention where the trace does not hold it.
  private static func promptNotes(_ configurations: [ReplayConfiguration], trace: Trace) -> [String] {
    func names(_ need: PolicyDescriptor.Need) -> String {
      var seen: Set<String> = []
      return configurations.filter { $0.policy.needs.contains(need) }.map { $0.policy.descriptor.name }
        .filter { seen.insert($0).inserted }.joined(separator: ", ")
    }
    let window = TraceGroups(trace).promptRows.count
    let held = "nothing of the prompt's queries is traced, so that recency stands in for their attention"
    var notes: [String] = []
    let (summed, last) = (names(.promptAttention), names(.promptWindow))
    if !summed.isEmpty, !trace.tensors.contains(where: { $0.name.hasSuffix(".prompt_attention") }) {
      notes.append(
        "\(summed): the trace does not hold the prompt's summed attention; "
          + (window > 0 ? "that of the prompt's last \(window) traced queries stands in" : held))
    }
    if !last.isEmpty, window == 0 { notes.append("\(last): \(held)") }
    return window == 0 ? notes : notes + windowNotes(configurations, trace: trace)
  }

  /// Policies that ask for more of the prompt's last queries than the trace holds.
  private static func windowNotes(_ configurations: [ReplayConfiguration], trace: Trace) -> [String] {
    let prompt = trace.metadata.tokens.prompt
    let positions = TraceGroups(trace).promptRows.map { trace.queryPositions[$0] }
    var names: [Int: [String]] = [:]
    for policy in configurations.map(\.policy) {
      let window = policy.promptQueries
      let name = policy.descriptor.name
      let isPrompts = !Set(policy.needs).isDisjoint(with: [
        .promptWindow, .promptAttention, .observationWindow,
      ])
      let held = positions.count { $0 >= prompt - window }
      guard isPrompts, held < min(window, prompt), names[window]?.contains(name) != true else { continue }
      names[window, default: []].append(name)
    }
    return names.sorted { $0.key < $1.key }.map { window, names in
      let held = positions.count { $0 >= prompt - window }
      return
        "\(names.joined(separator: ", ")) \(names.count == 1 ? "asks" : "ask") for \(window) prompt queries, the trace holds \(held)"
    }
  }

  /// KV heads of the query heads asked for.
  var kvHeads: [Int] {
    let size = TraceGroups(trace).groupSize
    return Array(Set(heads.map { $0 / size })).sorted()
  }

  /// Whether all query heads are scored, without which nothing is known of what a layer's output projection gives.
  public var scoresWholeLayers: Bool { heads.count == trace.metadata.geometry.queryHeads }

  /// The calibration that a configuration will be told to have used.
  public func calibrationUse(_ configuration: ReplayConfiguration) -> CalibrationUse? {
    let needs = configuration.policy.needs
    guard needs.contains(.contextualAgreement) || (needs.contains(.headStatistics) && profile != nil) else {
      return nil
    }
    return CalibrationUse(
      profileDigest: profile?.digest,
      texts: profile?.profile.texts.map(\.title) ?? [trace.metadata.text.title])
  }

  /// The agreement that FASA uses, from a profile or from the trace itself; nil where no policy asks.
  func agreement(options: ReplayOptions) throws -> ContextualAgreement? {
    guard needsAgreement else { return nil }
    if let profile { return profile.profile.contextualAgreement }
    return try Calibration(trace).run(
      CalibrationOptions(
        layers: layers, rows: calibrationRows, windows: Self.ownWindows, hasStatistics: false,
        threads: options.threads, instructionSet: options.instructionSet)
    ).contextualAgreement
  }

  private static func members(_ asked: [Int]?, of all: [Int], what: String, trace: Trace) throws -> [Int] {
    guard let asked else { return all }
    return try NumberRanges(asked).members(of: all, what: what, path: trace.path)
  }
}
