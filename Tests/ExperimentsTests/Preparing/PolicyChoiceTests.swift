import Policies
import Testing

@testable import Experiments

@Suite struct PolicyChoiceTests {
  @Test(arguments: [
    (["all"], []), (["quest,all"], ["quest"]), (["all,quest:page=8", "oracle"], ["quest:page=8", "oracle"]),
    (["all,fasa:chunks=4/8"], ["fasa:chunks=4", "fasa:chunks=8"]),
  ])
  func whatCameWithAllIsNotNamed(texts: [String], named: [String]) throws {
    let choice = try PolicyChoice(parsing: texts)
    #expect(choice.asksForEverything)
    #expect(choice.configurations == (try PolicyGrammar.parse(texts)))
    #expect(choice.configurations.filter(choice.isNamed).map(\.label) == named)
  }

  @Test func eachIsThereOnceAndWhatIsAskedAgainIsCounted() throws {
    var choice = try PolicyChoice(parsing: ["fasa:chunks=4/8"])
    try choice.add(parsing: ["fasa:chunks=8/12", "oracle"])
    choice.add([PolicyConfiguration(Oracle.self)])
    #expect(
      choice.configurations.map(\.label) == ["fasa:chunks=4", "fasa:chunks=8", "fasa:chunks=12", "oracle"])
    #expect(choice.repeated == 2 && !choice.asksForEverything)
    #expect(choice.configurations.allSatisfy(choice.isNamed))
  }

  /// Whichever way a policy came first, a name makes it one that must run.
  @Test func aNameAfterAllIsAName() throws {
    var choice = try PolicyChoice(parsing: ["all"])
    try choice.add(parsing: ["oracle"])
    #expect(choice.configurations.filter(choice.isNamed).map(\.label) == ["oracle"] && choice.repeated == 1)
  }
}
