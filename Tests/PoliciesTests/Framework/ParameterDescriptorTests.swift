import Testing

@testable import Policies

@Suite struct ParameterDescriptorTests {
  static let integer = ParameterDescriptor("page", .integer(1...64), default: .integer(16), help: "tokens")
  static let number = ParameterDescriptor("p", .number(0.5...1), default: .number(0.85), help: "mass")
  static let choice = ParameterDescriptor(
    "scope", .choice(["head", "group"]), default: .word("head"), help: "unit")
  static let amount = ParameterDescriptor("chunks", .amount, default: .amount(.share(0.25)), help: "chunks")

  @Test func valuesInRangeAreRead() {
    #expect(Self.integer.parse("1") == .integer(1) && Self.integer.parse("64") == .integer(64))
    #expect(Self.number.parse("0.5") == .number(0.5) && Self.number.parse("1") == .number(1))
    #expect(Self.choice.parse("group") == .word("group"))
    #expect(
      Self.amount.parse("3") == .amount(.tokens(3)) && Self.amount.parse("25%") == .amount(.share(0.25)))
  }

  @Test func othersAreNot() {
    for text in ["0", "65", "1.0", "", "x"] { #expect(Self.integer.parse(text) == nil) }
    for text in ["0.49", "1.01", "nan", "", "x"] { #expect(Self.number.parse(text) == nil) }
    for text in ["Head", "", "head "] { #expect(Self.choice.parse(text) == nil) }
    for text in ["0", "1.5", ""] { #expect(Self.amount.parse(text) == nil) }
  }

  @Test func rangesAsHelpShowsThem() {
    let ranges = [Self.integer, Self.number, Self.choice, Self.amount].map(\.kind.range)
    #expect(ranges == ["1…64", "0.5…1.0", "head|group", "a count, or a share such as 0.25 or 25%"])
  }

  @Test func anotherDefaultKeepsTheRest() {
    let changed = Self.integer.defaulting(to: .integer(32), help: "rows")
    #expect(changed.name == "page" && changed.kind == Self.integer.kind)
    #expect(changed.defaultValue == .integer(32) && changed.help == "rows")
    #expect(Self.integer.defaulting(to: .integer(8)).help == "tokens")
  }

  @Test func valuesStartAtTheirDefaults() {
    var values = ParameterValues(defaultsOf: FASA.descriptor)
    #expect(values.word(FASA.pairing) == "rope" && values.integer(FASA.caWindow) == 256)
    #expect(values.guarded == Guard())
    values["sinks"] = .integer(4)
    values["recent"] = .integer(2)
    #expect(values.guarded == Guard(sinks: 4, recent: 2))
    #expect(ParameterValues(defaultsOf: OracleMass.descriptor).number(OracleMass.p) == 0.95)
  }

  @Test func amountsAreOfAWhole() {
    var values = ParameterValues(defaultsOf: FASA.descriptor)
    #expect([64, 4, 3].map { values.amount(FASA.chunks, of: $0) } == [16, 1, 1])
    values["chunks"] = .amount(.tokens(40))
    #expect([64, 32].map { values.amount(FASA.chunks, of: $0) } == [40, 32])
  }
}
