// swift-tools-version: 6.2
import PackageDescription

/// Readers under libFuzzer, a package of its own so that nobody else needs a sanitizer. `scripts/fuzz` builds and runs it.
let package = Package(
  name: "fasa-sim-fuzz",
  dependencies: [.package(name: "fasa-sim", path: "../..")],
  targets: [
    .target(name: "CFuzz"),
    .executableTarget(
      name: "Fuzz",
      dependencies: ["CFuzz"]
        + ["Traces", "Simulator", "Policies", "Pricing", "Results", "Experiments"].map {
          .product(name: $0, package: "fasa-sim")
        }),
  ])
