#include "cli/context.h"

#include <nlohmann/json.hpp>

#include "cli/text.h"

namespace headroom::cli {

void Context::PrintJson(const nlohmann::json& answer) {
  using ErrorHandler = nlohmann::json::error_handler_t;
  out() << Versioned(answer).dump(-1, ' ', /*ensure_ascii=*/true, ErrorHandler::replace) << "\n"
        << std::flush;
}

void Context::Say(std::string_view message) {
  err() << "headroom: " << Escape(message) << "\n" << std::flush;
}

}  // namespace headroom::cli
