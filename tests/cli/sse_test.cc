#include "cli/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Sse, ReadsEvents) {
  SseParser parser;
  EXPECT_THAT(parser.Feed("id: 7\nevent: x\ndata: {\"a\":1}\n\nid: 8\ndata: b\n\n"),
              ElementsAre(SseEvent{"7", "{\"a\":1}"}, SseEvent{"8", "b"}));
}

TEST(Sse, ReadsTheSameFromPiecesOfAnySize) {
  SseParser parser;
  std::vector<SseEvent> events;
  for (const char c : std::string("id: 7\r\ndata: one\r\ndata: two\r\n\r\n")) {
    for (SseEvent& event : parser.Feed({&c, 1})) events.push_back(event);
  }
  EXPECT_THAT(events, ElementsAre(SseEvent{"7", "one\ntwo"}));
}

TEST(Sse, SkipsCommentsAndEventsWithoutData) {
  SseParser parser;
  EXPECT_THAT(parser.Feed(":\n\nid: 9\n\n: keep-alive\n\n"), IsEmpty());
  EXPECT_THAT(parser.Feed("data: x\n\n"), ElementsAre(SseEvent{"9", "x"}));
}

}  // namespace
}  // namespace headroom::cli
