#include <gtest/gtest.h>

#include "tests/support/api_server.h"

namespace headroom {
namespace {

TEST(ReadDecisions, HandsOutTheLogPieceByPiece) {
  ApiServer server;
  server.service.decision_log = "abcdefgh";
  const auto first = server.Get("/v1/decisions?at_ms=2000&limit=5");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "abcde");
  EXPECT_EQ(first.Header("X-Headroom-Offset-Next"), "5");
  EXPECT_EQ(first.Header("X-Headroom-Complete"), "false");
  const auto rest = server.Get("/v1/decisions?offset=5&limit=5");
  EXPECT_EQ(rest.body, "fgh");
  EXPECT_EQ(rest.Header("X-Headroom-Offset-Next"), "8");
  EXPECT_EQ(rest.Header("X-Headroom-Complete"), "true");
}

TEST(ReadDecisions, TakesAnInstantOrAByte) {
  ApiServer server;
  for (const char* query : {"?at_ms=yesterday", "?at_ms=1&offset=1", "?offset=-1",
                            "?offset=1&limit=0", "?offset=1&limit=1048577"})
    EXPECT_EQ(server.Get(std::string("/v1/decisions") + query).status, 400) << query;
}

TEST(ReadDecisions, SaysWhenNothingIsKeptFromThen) {
  ApiServer server;
  server.service.failure = Error{ErrorCode::kNotFound, "nothing is kept"};
  EXPECT_EQ(server.Get("/v1/decisions?at_ms=1").status, 404);
  server.service.failure = Error{ErrorCode::kUnavailable, "nothing can be read"};
  EXPECT_EQ(server.Get("/v1/decisions?at_ms=1").status, 503);
}

}  // namespace
}  // namespace headroom
