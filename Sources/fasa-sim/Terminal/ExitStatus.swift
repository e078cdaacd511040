import ArgumentParser
import Foundation
import Policies
import Pricing
import Results
import Simulator
import Traces

/// What a command that an engine started ends with, so that the engine knows whether to start it again: the codes of
/// sysexits.h.
enum ExitStatus {
  /// What was given will never work.
  static let data: Int32 = 65
  /// It may work later, or on another machine.
  static let tryAgain: Int32 = 75
  static let interrupted: Int32 = 130

  /// An error with the status that it ends the command with.
  struct Ended: Error {
    let status: Int32
    let error: any Error
  }

  /// Runs a command whose errors say whether to try again; those of the command line keep their status.
  static func sorted<Value>(_ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as Ended { throw error } catch {
      guard FasaSim.exitCode(for: error) == .failure else { throw error }
      throw Ended(status: status(of: error), error: error)
    }
  }

  static func status(of error: any Error) -> Int32 { isPassing(error) ? tryAgain : data }

  /// Whether the same command may succeed later.
  private static func isPassing(_ error: any Error) -> Bool {
    switch error {
    case let error as TraceError: [.cannotOpen, .cannotRead, .cannotWrite, .tooLarge].contains(error.kind)
    case let error as ResultsError: [.cannotOpen, .busy, .full, .failed, .replaced].contains(error.kind)
    case let error as ReplayError: [.memory, .unwritable, .absent].contains(error.kind)
    case is PolicyError, is PricingError: false
    // A system's own words are of files.
    default: error is POSIXError || error is CocoaError
    }
  }
}
