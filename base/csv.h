#pragma once

#include <string_view>
#include <vector>

// CSV without quotes: fields that hold a comma or a quote do not occur in what is read here, and a
// field that begins with a quote stays as it is. Pure; threads: any.
namespace headroom {

// The next line, without its end, which may be CR LF; `text` is what follows it.
std::string_view TakeLine(std::string_view& text);

std::vector<std::string_view> CsvFields(std::string_view line);

}  // namespace headroom
