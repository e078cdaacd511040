import CFasaLive
import Policies
import Synchronization

/// A policy of the library's caller, who chooses in functions of his own.
struct OwnPolicy: Policy {
  static let descriptor = PolicyDescriptor(
    name: "own", summary: "Chooses by functions of the library's caller.", kind: .selection,
    parameters: [name], common: [], remembersSteps: true, cost: "not known")

  private static let name = ParameterDescriptor(
    "name", .file, default: .word(""), help: "what it was added by")

  private let calls: OwnPolicyCalls
  private let group: GroupContext
  /// Begun at the first choice, so that copies of an object that has chosen nothing remember apart.
  private var state: OwnPolicyState?

  init(parameters: ParameterValues, group: GroupContext) throws {
    let name = parameters.word(Self.name)
    guard let calls = OwnPolicyCalls.added(name) else {
      throw PolicyError("policy '\(name)'", expected: "one that was added", found: "none of that name")
    }
    self.calls = calls
    self.group = group
  }

  /// The policy that was added by a name; nil where none was.
  static func configuration(_ name: String) -> PolicyConfiguration? {
    OwnPolicyCalls.added(name).map { _ in
      var values = ParameterValues(defaultsOf: descriptor)
      values[Self.name.name] = .word(name)
      return PolicyConfiguration(Self.self, values: values)
    }
  }

  /// What a policy of the caller's own was added by; nil of all others.
  static func name(of policy: PolicyConfiguration) -> String? {
    policy.type is Self.Type ? policy.values.word(name) : nil
  }

  mutating func choose(_ block: QueryBlock) throws -> Selections? {
    let state = try state ?? OwnPolicyState(calls, group)
    self.state = state
    let plain = PlainRows(block)
    var sets: [[ArraySlice<Int32>]] = []
    for place in block.steps.indices { sets.append(try state.choose(block, step: place, plain)) }
    var result = Selections()
    for head in 0..<group.groupSize {
      for step in sets { result.appendRow(step[head]) }
    }
    return result
  }
}

/// The functions of a policy that was added.
struct OwnPolicyCalls: @unchecked Sendable {
  // The caller says that they may be called from any thread.
  let functions: fasa_own_policy
  let name: String

  private static let all = Mutex<[String: OwnPolicyCalls]>([:])

  static func added(_ name: String) -> OwnPolicyCalls? { all.withLock { $0[name] } }

  /// Takes the place of one that was added by the same name.
  func add() { Self.all.withLock { $0[name] = self } }
}

/// What a caller's policy remembers of one KV head.
private final class OwnPolicyState: @unchecked Sendable {
  private let calls: OwnPolicyCalls
  private let group: GroupContext
  private let pointer: UnsafeMutableRawPointer

  init(_ calls: OwnPolicyCalls, _ group: GroupContext) throws {
    self.calls = calls
    self.group = group
    var about = fasa_group(
      layer: UInt32(group.layer), kv_head: UInt32(group.kvHead),
      first_query_head: UInt32(group.queryHeads.lowerBound), query_heads: UInt32(group.groupSize),
      head_dim: UInt32(group.headDim), value_dim: UInt32(group.valueDim),
      prompt_tokens: UInt32(group.promptTokens), kv_heads: UInt32(group.kvHeads),
      layers: UInt32(group.modelLayers), scale: group.scale)
    guard let begin = calls.functions.begin, let state = begin(calls.functions.context, &about) else {
      throw PolicyError(
        "policy '\(calls.name)': layer \(group.layer), KV head \(group.kvHead)",
        expected: "something to remember the KV head by", found: "null")
    }
    pointer = state
  }

  deinit { calls.functions.end?(pointer) }

  /// - Returns: the set of each query head.
  func choose(_ block: QueryBlock, step place: Int, _ plain: PlainRows) throws -> [ArraySlice<Int32>] {
    let (step, budget) = (block.steps[place], block.budgets[place])
    func refuse(_ expected: String, _ found: String) -> PolicyError {
      PolicyError(
        "policy '\(calls.name)': layer \(group.layer), KV head \(group.kvHead), position \(step.position)",
        expected: expected, found: found)
    }
    let queries = (0..<group.groupSize).flatMap { head in
      UnsafeBufferPointer(start: block.query(block.row(head: head, step: place)), count: group.headDim)
    }
    var counts = Array(repeating: UInt32(0), count: group.groupSize)
    var tokens = Array(repeating: UInt32(0), count: group.groupSize * step.visible.count)
    let code = queries.withUnsafeBufferPointer { queries in
      var question = fasa_question(
        step: UInt32(step.index), position: UInt32(step.position),
        first_visible: UInt32(step.visible.lowerBound), budget: UInt32(budget), queries: queries.baseAddress,
        keys: plain.keys, values: plain.values)
      return calls.functions.choose?(pointer, &question, &counts, &tokens) ?? -1
    }
    guard code == 0 else { throw refuse("a choice", "error \(code)") }
    return try (0..<group.groupSize).map { head in
      let count = Int(counts[head])
      guard (1...budget).contains(count) else {
        throw refuse("from 1 to \(budget) tokens for each query head", "\(count)")
      }
      let set = tokens[head * step.visible.count..<head * step.visible.count + count]
      guard zip(set, set.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw refuse("ascending tokens, each once", "others")
      }
      guard let first = set.first, let last = set.last, step.visible.contains(Int(first)),
        step.visible.contains(Int(last))
      else {
        throw refuse(
          "tokens from \(step.visible.lowerBound) to \(step.position)",
          "\(set.first ?? 0) to \(set.last ?? 0)")
      }
      return set.map { Int32($0) }[...]
    }
  }
}
