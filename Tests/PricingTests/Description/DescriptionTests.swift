import Foundation
import Testing

@testable import Pricing

@Suite struct DescriptionTests {
  private static let bundled =
    (try? FileManager.default.contentsOfDirectory(atPath: Machines.path("")))?
    .filter { $0.hasSuffix(".yaml") } ?? []

  @Test func theMachinesAskedForAreBundled() {
    let names = Set(Self.bundled.map { String($0.dropLast(5)) })
    let wanted: Set = [
      "a10g", "a100-40gb", "a100-80gb", "h100-sxm", "h100-pcie", "rtx-4090", "l40s", "mi300x", "epyc-7763",
      "m2-ultra",
      "jetson-agx-orin",
    ]
    #expect(wanted.subtracting(names).isEmpty)
  }

  @Test(arguments: bundled) func aBundledMachineIsReadAndNamedAsItsFile(file: String) throws {
    let machine = try HardwareDescription(path: Machines.path(file))
    #expect(machine.name + ".yaml" == file)
    #expect(machine.memory.bandwidthBytesPerSecond > 1e11 && machine.memory.bandwidthBytesPerSecond < 1e13)
    #expect(machine.digest.count == 64)
  }

  /// Every number of a bundled file says where it is from.
  @Test(arguments: bundled) func everyNumberHasASource(file: String) throws {
    let text = try String(contentsOfFile: Machines.path(file), encoding: .utf8)
    let numbers = text.split(separator: "\n").filter { $0.contains(/^\s*[a-z0-9_]+: [0-9]/) }
    #expect(numbers.count >= 6)
    for line in numbers { #expect(line.contains("# "), "\(line)") }
  }

  @Test func fieldsAreChecked() throws {
    func message(_ change: (String) -> String) -> String {
      do {
        _ = try HardwareDescription(yaml: change(Machines.plain), file: "m.yaml")
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(message { $0 } == "accepted")
    #expect(
      message { $0.replacing("bandwidth_bytes_per_s: 1e12", with: "bandwidth_bytes_per_s: fast") }
        == "m.yaml:6: memory.bandwidth_bytes_per_s: expected a number of bytes per second, above 0, found 'fast'"
    )
    #expect(
      message { $0.replacing("capacity_bytes: 1e11", with: "capacity_bytes: -1") }.contains(
        "number of bytes, above 0, found '-1'"))
    #expect(
      message { $0.replacing("  sector_bytes: 32\n", with: "") }.contains(
        "memory.sector_bytes: expected bytes, found no such field; add it"))
    #expect(
      message { $0.replacing("latency_ns", with: "latency_us") }.contains(
        "host_link.latency_us: expected one of the fields"))
    #expect(
      message { $0.replacing("kind: gpu", with: "kind: tpu") }
        == "m.yaml: kind: expected gpu or cpu, found tpu")
    #expect(message { _ in "" }.contains("empty file"))
    #expect(message { _ in "[1, 2]" }.contains("expected a mapping of fields"))
    #expect(message { _ in "a: [" }.contains("expected YAML"))
    #expect(message { $0.replacing("f16: 1e15", with: "f4: 1e15") }.contains("compute.peak_flops.f4"))
    #expect(message { $0.replacing("sector_bytes: 32", with: "sector_bytes: .nan") }.contains("sector_bytes"))
    #expect(message { $0.replacing("bytes: 1e6", with: "bytes: .inf") }.contains("last_level_cache.bytes"))
  }

  @Test func aKernelSetIsCheckedToo() throws {
    let wrong = Machines.kernels.replacing("stream_efficiency: 0.5", with: "stream_efficiency: 50")
    #expect(throws: PricingError.self) { try KernelSet(yaml: wrong, file: "k.yaml") }
    let set = try KernelSet(yaml: Machines.kernels, file: "k.yaml")
    // Points are sorted, and what lies between them is on a logarithmic scale.
    #expect(set.gatherEfficiency(rowBytes: 16, dense: 0.5) == 0.125)
    #expect(set.gatherEfficiency(rowBytes: 64, dense: 0.5) == 0.125)
    #expect(abs(set.gatherEfficiency(rowBytes: 128, dense: 0.5) - 0.1875) < 1e-12)
    #expect(set.gatherEfficiency(rowBytes: 1000, dense: 0.5) == 0.25)
  }

  @Test(arguments: [
    "", "a", "\u{0}", "name: [", "name: {a: {b: {c: d}}}", "- - - -", "&a *a", "name: &x\n  y: *x",
  ])
  func anythingIsAnErrorAndNoCrash(text: String) {
    #expect(throws: PricingError.self) { try HardwareDescription(yaml: text, file: "m.yaml") }
  }
}
