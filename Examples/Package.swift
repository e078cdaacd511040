// swift-tools-version: 6.2
import PackageDescription

/// Programs of others that use the project's libraries.
let package = Package(
  name: "examples",
  dependencies: [.package(name: "fasa-sim", path: "..")],
  targets: [
    .executableTarget(
      name: "own-policy",
      dependencies: [
        .product(name: "Experiments", package: "fasa-sim"), .product(name: "Policies", package: "fasa-sim"),
        .product(name: "Results", package: "fasa-sim"), .product(name: "Traces", package: "fasa-sim"),
      ])
  ]
)
