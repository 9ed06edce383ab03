#include "executor/boot_marker.h"

#include "base/file.h"
#include "executor/attempt_files.h"

namespace headroom {
namespace {

std::string MarkerPath(const std::string& state_dir) {
  return AttemptsDirectory(state_dir) + "/boot";
}

}  // namespace

Result<std::string> ReadBootId(const std::string& proc) {
  auto text = ReadFile(proc + "/sys/kernel/random/boot_id", 256);
  if (text && text->ends_with('\n')) text->pop_back();
  return text;
}

bool IsMarkedWith(const std::string& state_dir, const std::string& boot_id) {
  return ReadFile(MarkerPath(state_dir), 256) == boot_id + "\n";
}

Status MarkWith(const std::string& state_dir, const std::string& boot_id) {
  return WriteFileDurably(MarkerPath(state_dir), boot_id + "\n");
}

}  // namespace headroom
