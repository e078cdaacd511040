import Foundation
import Pricing
import Testing

@testable import Experiments

@Suite struct TableOriginTests {
  static let places: [(String, String, String?, String?, String?)] = [
    ("/x/data/h100_sxm/attention/vllm/0.24.0/t.txt", "h100_sxm", "h100-sxm", "vllm", "0.24.0"),
    ("/x/data/h100_sxm/trtllm/1.0.0/t.txt", "h100_sxm", "h100-sxm", "trtllm", "1.0.0"),
    ("/x/gb200/attention/sglang/0.5.14/t.txt", "gb200", "gb200", "sglang", "0.5.14"),
    ("/x/mine/attention/sglang/0.5.14/t.txt", "mine", nil, "sglang", "0.5.14"),
    ("/x/data/mine/sglang/0.5.14/t.txt", "mine", nil, "sglang", "0.5.14"),
    ("/x/l40s/t.txt", "l40s", "l40s", nil, nil),
  ]

  @Test(arguments: places)
  func theFolderNamesTheMachine(
    path: String, machine: String, description: String?, engine: String?, version: String?
  ) throws {
    let origin = try TableOrigin(file: path)
    #expect(origin.machine == machine && origin.description?.name == description)
    #expect(origin.engine == engine && origin.version == version)
    #expect(origin.shortPath.hasPrefix(machine))
  }

  @Test func theUserNamesTheMachine() throws {
    let path = "/x/data/mine/attention/vllm/1/t.txt"
    #expect(try TableOrigin(file: path, machine: "h200").description?.name == "h200")
    #expect(try TableOrigin(file: path, machine: "h200_sxm").machine == "h200_sxm")
    let own = try HardwareLocator.file("l40s.yaml")
    #expect(try TableOrigin(file: path, machine: own).machine == "l40s")
    #expect(try TableOrigin(file: path, machine: "unheard-of").description == nil)
    #expect(throws: PricingError.self) { try TableOrigin(file: path, machine: "no/such.yaml") }
  }

  @Test func aTableWithoutAMachineIsRefused() {
    let error = #expect(throws: PricingError.self) { try TableOrigin(file: "/x/y/t.txt") }
    #expect(error?.description.hasSuffix("name the machine") == true)
  }

  /// A name that no description has would leave times unchecked without anybody's meaning it.
  @Test func everyMachineOfTheListIsDescribed() throws {
    for name in TableOrigin.machines.values {
      #expect(try HardwareLocator.machine(name).lastLevelCache != nil, "\(name)")
    }
  }
}
