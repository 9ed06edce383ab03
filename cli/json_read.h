#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"

// Reads of JSON that cannot fail: what is not there, or is of another type, is absent. For answers
// of a daemon that may be older or newer than this command. Nothing here throws. Threads: any.
namespace headroom::cli {

std::optional<int64_t> IntAt(const nlohmann::json& object, const char* key);
std::optional<double> NumberAt(const nlohmann::json& object, const char* key);
std::string TextAt(const nlohmann::json& object, const char* key);  // "" when absent
bool BoolAt(const nlohmann::json& object, const char* key);         // false when absent

// Empty when absent. The reference lives as long as `object`.
const nlohmann::json& ObjectAt(const nlohmann::json& object, const char* key);
const nlohmann::json& ArrayAt(const nlohmann::json& object, const char* key);

// "2026-11-24T04:03:38.123Z" and nothing else.
std::optional<WallTime> ParseWallTime(std::string_view text);
std::optional<WallTime> WallTimeAt(const nlohmann::json& object, const char* key);

}  // namespace headroom::cli
