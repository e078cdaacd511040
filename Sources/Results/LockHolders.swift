import Foundation

/// Who holds locks on a database, as Linux tells (`/proc/locks`, proc_locks(5)).
enum LockHolders {
  /// Such as `process 4242 (sqlite3)`; nil where nobody can be named.
  static func text(of path: String) -> String? {
    guard let table = try? String(contentsOfFile: "/proc/locks", encoding: .utf8) else { return nil }
    let files = Set(["", "-shm", "-wal"].compactMap { FileState(path + $0)?.number })
    let holders = processes(in: table, files: files, except: getpid())
    guard !holders.isEmpty else { return nil }
    return holders.map { "process \($0)\(name(of: $0).map { " (\($0))" } ?? "")" }.joined(separator: ", ")
  }

  /// Processes that hold a lock to write, in ascending order.
  ///
  /// - Parameter table: lines such as `1: POSIX  ADVISORY  WRITE 4242 fe:01:131074 120 120`, the sixth field's last part being
  ///   the file's inode. One that waits has an arrow in the second place.
  static func processes(in table: String, files: Set<UInt64>, except own: Int32) -> [Int32] {
    Set(
      table.split(separator: "\n").compactMap { line -> Int32? in
        let fields = line.split(separator: " ")
        guard fields.count >= 6, fields[3] == "WRITE", let process = Int32(fields[4]), process > 0,
          process != own, let number = fields[5].split(separator: ":").last.flatMap({ UInt64($0) }),
          files.contains(number)
        else { return nil }
        return process
      }
    ).sorted()
  }

  /// A process names itself, so only what is plain is shown.
  private static func name(of process: Int32) -> String? {
    let name = (try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)) ?? ""
    let plain = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_. ".contains($0)) }
    return plain.isEmpty ? nil : plain
  }
}
