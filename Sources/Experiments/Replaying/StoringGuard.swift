/// Told how much of a job is stored, and stands round each transaction: whoever ends the process knows by it what stays, and can
/// let a transaction end.
public protocol StoringGuard {
  /// Called once what is stored already is known.
  ///
  /// - Parameter total: nil where it is not known how many configurations there will be.
  func begin(stored: Int, of total: Int?)

  /// Must run the transaction, which stores one configuration more, and pass its error on.
  func storing(_ transaction: () throws -> Void) throws
}
