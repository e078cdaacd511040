import Foundation
import Traces

extension ConfigJSON {
  /// The model's name: as the file states it, else as its folder says.
  var name: String {
    let stated = (whole.text("_name_or_path") ?? "").split(separator: "/").last.map(String.init) ?? ""
    if !stated.isEmpty, stated != ".", stated != ".." { return Excerpt.of(stated) }
    let folders = URL(fileURLWithPath: path).deletingLastPathComponent().standardizedFileURL.pathComponents
    // The cache of the hub keeps models--owner--name/snapshots/commit/config.json.
    if let hub = folders.suffix(3).first, hub.hasPrefix("models--"), folders.dropLast().last == "snapshots" {
      return Excerpt.of(hub.components(separatedBy: "--").last ?? hub)
    }
    let folder = folders.last ?? "/"
    let type = whole.text("model_type") ?? "model"
    return Excerpt.of(folder == "/" ? type : folder)
  }
}
