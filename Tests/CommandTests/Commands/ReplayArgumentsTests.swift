import ArgumentParser
import Kernels
import Policies
import Results
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct ReplayArgumentsTests {
  static func parse(_ text: String) throws -> ReplayCommand {
    try ReplayCommand.parse(text.split(separator: " ").map(String.init))
  }

  @Test func defaults() throws {
    let command = try Self.parse("t.zst")
    #expect(command.traces == ["t.zst"])
    #expect(command.policies.policy == ["fasa"])
    #expect(command.budget.budgets == [.tokens(256)])
    #expect(command.part.layers == nil && command.heads.heads == nil && command.part.steps == nil)
    #expect(command.profile.profile == nil && !command.profile.selfCalibrates)
    #expect(command.seed.seed == nil && command.database.db == "runs.db" && command.storing.detail == nil)
    #expect(!command.storing.noTiming && !command.again && !command.format.json)
    #expect(command.machine.threads >= 1 && command.machine.instructionSet == .best)
  }

  @Test func everyOption() throws {
    let command = try Self.parse(
      """
      a.zst b.zst --policy oracle,fasa:chunks=4/8 --policy dense --budget 256,0.19 --budget 25% --layers 0-2,5 \
      --heads 1,3 --steps 4-9 --profile p.json --seed 7 --db x.db --detail step --no-timing --again --json \
      --threads 3 --isa portable
      """)
    #expect(command.traces == ["a.zst", "b.zst"])
    #expect(command.policies.policy == ["oracle,fasa:chunks=4/8", "dense"])
    #expect(command.budget.budgets == [.tokens(256), .share(0.19), .share(0.25)])
    #expect(command.part.layers?.ranges.text() == "0-2,5")
    #expect(command.heads.heads?.ranges.text() == "1,3")
    #expect(command.part.steps?.range == 4..<10)
    #expect(
      command.profile.profile == "p.json" && command.seed.seed == 7 && command.database.db == "x.db")
    #expect(
      command.storing.detail == .step && command.storing.noTiming && command.again && command.format.json)
    #expect(command.machine.threads == 3 && command.machine.instructionSet == .portable)
  }

  @Test(arguments: ["", "0", "-1", "1.5", "0%", "101%", "x", "256,", ",256", "256,x", "nan", "inf", "1e400"])
  func badBudgets(text: String) { #expect(BudgetList(argument: text) == nil) }

  @Test(arguments: ["", "a", "3,5", "9-4", "-1", "1-2-3", "0-"])
  func badSteps(text: String) { #expect(StepRange(argument: text) == nil) }

  @Test func oneStepIsARange() {
    #expect(StepRange(argument: "5")?.range == 5..<6)
    #expect(StepRange(argument: "5-5")?.range == 5..<6)
    #expect(StepRange(argument: "1,2,3")?.range == 1..<4)
  }

  @Test(arguments: [
    "--threads 0", "--threads 1025", "--threads x", "--isa sse9", "--detail all", "--seed -1", "",
  ])
  func whatCannotBeReadIsRefused(options: String) {
    let trace = options.isEmpty ? "" : "t.zst "
    #expect(throws: (any Error).self) { try Self.parse(trace + options) }
  }

  @Test func anInstructionSetThatIsNotHereIsRefused() {
    for set in InstructionSet.allCases where !InstructionSet.available.contains(set) {
      #expect(throws: (any Error).self) { try Self.parse("t.zst --isa \(set.rawValue)") }
    }
    for set in InstructionSet.available {
      #expect(throws: Never.self) { try Self.parse("t.zst --isa \(set.rawValue)") }
    }
  }
}
