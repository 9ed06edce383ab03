#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cli/app.h"

int main(int argc, char** argv) {
  using namespace headroom;
  std::ios::sync_with_stdio(false);
  const auto waiter = cli::MakeWaiter();
  const SystemClock clock;
  cli::Surroundings around{std::cout,
                           std::cerr,
                           [](const char* name) {
                             const char* value = std::getenv(name);
                             return value == nullptr ? std::nullopt
                                                     : std::optional<std::string>(value);
                           },
                           *waiter,
                           clock,
                           STDOUT_FILENO,
                           STDERR_FILENO};
  return cli::RunHeadroom(std::vector<std::string>(argv + 1, argv + argc), around);
}
