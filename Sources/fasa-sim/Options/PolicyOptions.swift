import ArgumentParser
import Attention
import Experiments
import Policies

/// What a command runs where it is not told.
protocol ReplayDefaults {
  static var policies: [String] { get }
  /// Empty where a command has none.
  static var budgets: [Budget] { get }
}

/// Which policies run.
struct PolicyOptions<Defaults: ReplayDefaults>: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Policies with parameters or grids of them, such as fasa:chunks=8,sinks=4 or fasa:chunks=4/8, or all; repeat or separate by commas. See fasa-sim policies.",
      valueName: "policy,…"),
    completion: .policies)
  var policy: [String] = Defaults.policies

  @Option(
    name: .customLong("kv-bits"),
    help: ArgumentHelp(
      "How the cache stores keys and values, each with every policy that does not say so itself by kv=: \(CacheFormat.allCases.map(\.rawValue).joined(separator: ", ")), own (as traced); 16, 8 and 4 stand for own, q8_0 and q4_0. Repeat or separate by commas.",
      valueName: "format,…"),
    completion: .names { CacheFormat.allCases.map(\.rawValue) + ["own"] })
  var kvBits: [String] = []

  @Option(
    help: ArgumentHelp(
      "A buffer on the device before a cache on the host, for each KV head, with every policy that drops no tokens: its tokens, and lru, clock, fifo, lfu or belady (which knows the future), page=16, start=empty after commas; the same as hot=, hot-order=, hot-page=, hot-start= of a policy. Repeat for several.",
      valueName: "tokens,…"))
  var hotBuffer: [HotBuffer] = []

  @Option(
    help: ArgumentHelp(
      "As coarse as an engine chooses, each with every policy that can be, where its own parameters are at their defaults: \(ServedChoice.named), own (as the policy's authors have it). Repeat or separate by commas.",
      valueName: "engine,…"),
    completion: .names { ServedChoice.words })
  var like: [ServedChoice] = []

  func choice() throws -> PolicyChoice {
    var choice = try PolicyChoice(parsing: policy)
    if !like.isEmpty { choice = choice.served(by: like.flatMap(\.engines)) }
    if !kvBits.isEmpty { choice = choice.stored(as: try formats()) }
    return hotBuffer.isEmpty ? choice : choice.buffered(by: hotBuffer)
  }

  /// Nil for as traced; each once.
  private func formats() throws -> [CacheFormat?] {
    let shorthands: [String: CacheFormat?] = ["16": nil, "own": nil, "8": .q8, "4": .q4]
    var found: [CacheFormat?] = []
    for text in kvBits.flatMap({ $0.split(separator: ",").map(String.init) }) {
      let format = shorthands[text] ?? CacheFormat(rawValue: text)
      guard shorthands.keys.contains(text) || format != nil else {
        let names = CacheFormat.allCases.map(\.rawValue)
        let near = NearestName.question(text, among: names + ["own"]).map { "; \($0)" } ?? ""
        throw ValidationError(
          "--kv-bits \(text): expected own, 16, 8, 4, \(names.joined(separator: ", "))\(near)")
      }
      if !found.contains(format) { found.append(format) }
    }
    return found
  }
}

/// How much of the cache they may choose.
struct BudgetOptions<Defaults: ReplayDefaults>: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Token budgets: counts or shares; repeat or separate by commas.\(defaultText)", valueName: "k,…"))
  var budget: [BudgetList] = []

  private static var defaultText: String {
    Defaults.budgets.isEmpty ? "" : " (default: \(BudgetList(Defaults.budgets).defaultValueDescription))"
  }

  /// Those asked for, or else the command's own.
  var budgets: [Budget] { budget.isEmpty ? Defaults.budgets : budget.flatMap(\.budgets) }
}

extension HotBuffer: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
  public var defaultValueDescription: String { label }
}
