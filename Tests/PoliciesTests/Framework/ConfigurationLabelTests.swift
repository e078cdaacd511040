import Attention
import Testing

@testable import Policies

/// What is written is read, whatever the policy, its parameters and its budget.
@Suite struct ConfigurationLabelTests {
  private static func value(_ kind: ParameterDescriptor.Kind, _ random: inout SplitMix64) -> ParameterValue {
    switch kind {
    case .integer(let range), .integerOr(let range, _):
      .integer(range.lowerBound + random.below(min(range.upperBound - range.lowerBound, 1 << 30) + 1))
    case .number(let range):
      .number(
        range.lowerBound + (range.upperBound - range.lowerBound) * Double(random.below(1 << 20)) / 1_048_576)
    case .choice(let words): .word(words[random.below(words.count)])
    case .amount:
      .amount(
        random.below(2) == 0 ? .tokens(1 + random.below(5000)) : .share(Double(1 + random.below(999)) / 999))
    case .layers: .word(["none", "0", "0+2+8"][random.below(3)])
    case .file: .word(["a@b", "a@256", "a @ 0.19", "c:d=e/f.jsonl", "x"][random.below(5)])
    }
  }

  @Test(arguments: PolicyRegistry.names) func aPolicyAtABudgetIsReadAsItWasWritten(name: String) throws {
    let type = try #require(PolicyRegistry.policy(named: name))
    var random = SplitMix64(seed: 11)
    for round in 0..<200 {
      var values = ParameterValues(defaultsOf: type.descriptor)
      for parameter in type.descriptor.parameters where random.below(2) == 0 {
        values[parameter.name] = Self.value(parameter.kind, &random)
      }
      let policy = PolicyConfiguration(type, values: values)
      if (try? policy.checkGranularity()) != nil {
        #expect(try PolicyGrammar.parse([policy.label]) == [policy], "\(policy.label)")
      } else {
        #expect(
          type.corrects(values) || type.hasOwnQueries(values) && policy.lag != nil, "\(policy.label)")
        #expect((try? PolicyGrammar.parse([policy.label])) == nil, "\(policy.label)")
      }
      let budget: Budget? =
        type.descriptor.usesBudget
        ? (round % 2 == 0 ? .tokens(1 + round) : .share(Double(1 + round) / 201)) : nil
      let label = ConfigurationLabel(policy: policy.label, budget: budget?.description)
      #expect(ConfigurationLabel(label.text) == label, "\(label.text)")
      #expect(ConfigurationLabel(label.text.replacing(" @ ", with: "@")).budget == label.budget)
    }
  }

  @Test(
    arguments: [
      ("fasa", "fasa", nil), ("fasa@256", "fasa", "256"), (" fasa @ 19% ", "fasa", "0.19"),
      ("fasa:chunks=4 @ 64", "fasa:chunks=4", "64"), ("external:file=a@b", "external:file=a@b", nil),
      ("external:file=a@256", "external:file=a@256", nil), ("fasa@many", "fasa@many", nil), ("", "", nil),
    ] as [(String, String, String?)]) func whatIsTypedIsRead(text: String, policy: String, budget: String?)
  {
    #expect(ConfigurationLabel(text) == ConfigurationLabel(policy: policy, budget: budget))
  }

  @Test func aPathWithACommaCouldNotBeReadAgain() throws {
    #expect(throws: PolicyError.self) {
      try PolicyGrammar.configurations(of: "external", settings: [("file", ["a,b"])])
    }
  }
}
