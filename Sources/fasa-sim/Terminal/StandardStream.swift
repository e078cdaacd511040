import Foundation
import Simulator
import Traces

/// A standard stream, written without a buffer, so that no byte is lost after the command has said that all is well.
struct StandardStream: Sendable {
  private let descriptor: Int32
  private let name: String

  static let output = StandardStream(descriptor: STDOUT_FILENO, name: "standard output")
  static let errors = StandardStream(descriptor: STDERR_FILENO, name: "standard error")

  /// To be called first. A stream that was closed before the start would else be the next file that is opened, and a
  /// database would get the results as text: it becomes one that refuses to be written. A reader that has gone is
  /// met where it is written to, and does not end a replay in the middle because of a note.
  static func prepare() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
      // The lowest free number is the closed one's.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    signal(SIGPIPE, SIG_IGN)
    // A limit on files' sizes is then an error of the one that is written, as a full disk is.
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Writes all of it.
  ///
  /// - Throws: ``ReplayError`` where the stream cannot take it. Where its reader has gone, as after `| head`, the process
  ///   ends as others do.
  func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno == EAGAIN {
          var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&wait, 1, 1000)
        } else if errno != EINTR {
          try fail(errno)
        }
      }
    }
  }

  private func fail(_ code: Int32) throws {
    if code == EPIPE, descriptor == STDOUT_FILENO {
      UnfinishedFiles.remove()
      signal(SIGPIPE, SIG_DFL)
      raise(SIGPIPE)
    }
    throw ReplayError(
      name, kind: .unwritable, expected: "to write to it", found: String(cString: strerror(code)),
      advice: "make room there, or send it elsewhere")
  }
}
