#pragma once

#include <string>
#include <string_view>
#include <vector>

// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), parsed from
// pieces of any size. Threads: one at a time.
namespace headroom::cli {

struct SseEvent {
  std::string id;    // the last id seen, which a resumed stream names
  std::string data;  // lines joined by '\n'

  bool operator==(const SseEvent&) const = default;
};

class SseParser {
 public:
  // The events that `piece` completed. Comments and unknown fields are skipped.
  std::vector<SseEvent> Feed(std::string_view piece);

 private:
  void TakeLine(std::string_view line, std::vector<SseEvent>* done);

  std::string pending_;  // a line whose end has not come
  std::string id_, data_;
  bool has_data_ = false;
};

}  // namespace headroom::cli
