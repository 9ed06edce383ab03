#include "daemon/event_feed.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/job_json.h"

namespace headroom {
namespace {

constexpr std::size_t kEventsAtOnce = 100;

// An event of no data moves the client's position and is not shown: for what others' jobs did.
std::string Frames(const EventPage& page) {
  std::string text;
  for (const Event& event : page.events) {
    text += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.sequence, event.kind,
                        ToText(EventToJson(event)));
  }
  const bool behind = page.events.empty() || page.events.back().sequence < page.last;
  if (behind) text += fmt::format("id: {}\n\n", page.last);
  return text;
}

}  // namespace

void EventFeed::Follow(const Caller& caller, int64_t after, HttpReply& reply) {
  auto stream = reply.Stream({200, "text/event-stream", {}, {}}, ":\n\n");
  const auto follower = std::make_shared<Follower>(Follower{caller, after, std::move(stream)});
  Pump(follower);
}

void EventFeed::Pump(const std::shared_ptr<Follower>& follower) {
  const auto page = service_.Events(follower->caller, follower->after, kEventsAtOnce);
  if (!page) {
    // The stream ends here; the client reconnects and resumes.
    spdlog::error("api: events after {}: {}", follower->after, page.error().message);
    return;
  }
  if (page->last == follower->after) return WaitForMore(follower);
  follower->after = page->last;
  follower->stream->Write(Frames(*page), [feed = weak_from_this(), follower] {
    if (const auto self = feed.lock()) self->Pump(follower);
  });
}

void EventFeed::WaitForMore(std::shared_ptr<Follower> follower) {
  std::erase_if(waiting_, [](const auto& waiting) { return waiting->stream->gone(); });
  if (follower->stream->gone()) return;
  waiting_.push_back(std::move(follower));
  if (std::exchange(armed_, true)) return;
  service_.OnNextEvent([feed = weak_from_this()] {
    if (const auto self = feed.lock()) self->WakeAll();
  });
}

void EventFeed::WakeAll() {
  armed_ = false;
  for (const auto& follower : std::exchange(waiting_, {})) {
    if (!follower->stream->gone()) Pump(follower);
  }
}

}  // namespace headroom
