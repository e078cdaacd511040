// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors where `FASA_SIM_STRICT` is set, as `.ci/run` does, so that a newer
/// compiler's new warning never keeps a user from building.
let strict = Context.environment["FASA_SIM_STRICT"] != nil
/// Debug builds of the modules that compute are optimised where `FASA_SIM_FAST_TESTS` is set, as `scripts/test` does: every check
/// of overflows, bounds and assertions stays. Not always, since SwiftPM takes no package with such flags as a dependency by version.
let fast = Context.environment["FASA_SIM_FAST_TESTS"] != nil
let swift: [SwiftSetting] = strict ? [.treatAllWarnings(as: .error)] : []
let computing: [SwiftSetting] =
  swift + (fast ? [.unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))] : [])
let c: [CSetting] =
  (strict ? [.treatAllWarnings(as: .error)] : [])
  + (fast ? [.unsafeFlags(["-O2"], .when(configuration: .debug))] : [])

let package = Package(
  name: "fasa-sim",
  products: [
    .executable(name: "fasa-sim", targets: ["fasa-sim"]),
    .library(name: "fasalive", type: .dynamic, targets: ["FasaLive"]),
    .library(name: "Attention", targets: ["Attention"]), .library(name: "Kernels", targets: ["Kernels"]),
    .library(name: "Traces", targets: ["Traces"]), .library(name: "Policies", targets: ["Policies"]),
    .library(name: "Simulator", targets: ["Simulator"]), .library(name: "Pricing", targets: ["Pricing"]),
    .library(name: "Results", targets: ["Results"]),
    .library(name: "Live", targets: ["Live"]), .library(name: "Experiments", targets: ["Experiments"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CZstd", pkgConfig: "libzstd",
      providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    .systemLibrary(
      name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(
      name: "Attention", dependencies: [.target(name: "CLibcrypto", condition: .when(platforms: [.linux]))],
      swiftSettings: computing),
    .target(name: "CKernels", cSettings: c),
    .target(name: "CReportPage", exclude: ["page", "vendor"], cSettings: c),
    .target(name: "Kernels", dependencies: ["CKernels", "Attention"], swiftSettings: computing),
    .target(
      name: "Traces",
      dependencies: ["CZstd", "Attention"],
      swiftSettings: computing),
    .target(name: "Policies", dependencies: ["Kernels", "Attention"], swiftSettings: computing),
    .target(name: "Machine", dependencies: ["Kernels", "Attention"], swiftSettings: computing),
    .target(
      name: "Pricing", dependencies: ["Attention", .product(name: "Yams", package: "Yams")],
      swiftSettings: computing),
    .target(
      name: "Simulator",
      dependencies: ["Traces", "Policies", "Kernels", "Machine", "Attention"],
      swiftSettings: computing),
    .target(
      name: "Live", dependencies: ["Simulator", "Policies", "Kernels", "Attention"], swiftSettings: computing),
    .target(
      name: "Results",
      dependencies: [
        "Traces", "Simulator", "Pricing", "Policies", "Attention",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: swift, plugins: ["SourceDigest"]),
    .plugin(name: "SourceDigest", capability: .buildTool()),
    .target(
      name: "Experiments",
      dependencies: [
        "CZstd", "Attention", "Traces", "Policies", "Kernels", "Machine", "Pricing", "Simulator", "Results",
        "CReportPage", .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: swift),
    .target(name: "CFasaLive", cSettings: c),
    .target(
      name: "FasaLive",
      dependencies: [
        "CFasaLive", "Live", "Experiments", "Results", "Simulator", "Traces", "Policies", "Attention",
      ], swiftSettings: swift),
    .executableTarget(
      name: "fasa-sim",
      dependencies: [
        "Attention", "Traces", "Policies", "Kernels", "Machine", "Pricing", "Simulator", "Results",
        "Experiments",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swift),
    .target(
      name: "TestSupport", dependencies: ["Simulator", "Traces"], path: "Tests/TestSupport",
      swiftSettings: swift),
    .testTarget(
      name: "AttentionTests", dependencies: ["Attention"], exclude: ["Fixtures"], swiftSettings: swift),
    .testTarget(
      name: "KernelsTests", dependencies: ["Kernels", "Attention", "TestSupport"], swiftSettings: swift),
    .testTarget(
      name: "TracesTests", dependencies: ["Traces", "CZstd", "Attention"], exclude: ["Fixtures"],
      swiftSettings: swift),
    .testTarget(
      name: "PoliciesTests", dependencies: ["Policies", "Attention", "TestSupport"], swiftSettings: swift),
    .testTarget(
      name: "LiveTests",
      dependencies: ["Live", "Simulator", "Traces", "Policies", "Kernels", "Attention", "TestSupport"],
      swiftSettings: swift),
    .testTarget(
      name: "MachineTests", dependencies: ["Machine", "Kernels", "Attention"], swiftSettings: swift),
    .testTarget(name: "PricingTests", dependencies: ["Pricing", "Attention"], swiftSettings: swift),
    .testTarget(
      name: "SimulatorTests",
      dependencies: [
        "Attention", "Simulator", "Traces", "Policies", "Kernels", "Machine", "Pricing", "TestSupport",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "ResultsTests",
      dependencies: [
        "Results", "Simulator", "Attention", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: swift),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: [
        "Experiments", "Policies", "Simulator", "Results", "Traces", "CReportPage", "CZstd", "Pricing",
        "Machine", "Kernels", "Attention", "TestSupport",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "fasa-sim", "Attention", "Experiments", "Results", "Simulator", "Traces", "Policies",
        "TestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: swift),
  ]
)
