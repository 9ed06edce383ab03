#include "cli/sse.h"

#include <utility>

namespace headroom::cli {

std::vector<SseEvent> SseParser::Feed(std::string_view piece) {
  std::vector<SseEvent> done;
  pending_ += piece;
  std::size_t start = 0;
  for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n', start)) {
    std::string_view line = std::string_view(pending_).substr(start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    TakeLine(line, &done);
    start = end + 1;
  }
  pending_.erase(0, start);
  return done;
}

void SseParser::TakeLine(std::string_view line, std::vector<SseEvent>* done) {
  if (line.empty()) {
    if (has_data_) done->push_back({id_, std::exchange(data_, {})});
    has_data_ = false;
    return;
  }
  const auto colon = std::min(line.find(':'), line.size());
  const std::string_view field = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "id") id_ = value;
  if (field != "data") return;
  if (has_data_) data_ += '\n';
  data_ += value;
  has_data_ = true;
}

}  // namespace headroom::cli
