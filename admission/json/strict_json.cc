#include "admission/json/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace headroom {
namespace {

using nlohmann::json;

// Reads the text and remembers how far the parser has come: its events do not say where they are.
class TrackedIterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedIterator() = default;
  TrackedIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}

  reference operator*() const { return *at_; }
  TrackedIterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  TrackedIterator operator++(int) {
    TrackedIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const TrackedIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_ = nullptr;
  const char** reached_ = nullptr;
};

// `read`: how many bytes the parser had taken when it stopped; the last of them is where. A newline
// belongs to the line that it ends.
std::string Where(std::string_view text, std::size_t read) {
  const std::size_t at = std::min(std::max<std::size_t>(1, read) - 1, text.size());
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", line, at - line_start + 1);
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing
// value - invalid literal; last read: 'nul}'" -> "syntax error … - invalid literal". What was read
// last may hold bytes that are no UTF-8, so it is left out.
std::string Reason(std::string_view what) {
  if (const auto id_end = what.find("] "); id_end != what.npos) what.remove_prefix(id_end + 2);
  if (what.starts_with("parse error")) {
    if (const auto colon = what.find(": "); colon != what.npos) what.remove_prefix(colon + 2);
  }
  return std::string(what.substr(0, what.find("; last read")).substr(0, 160));
}

// Builds the document from the parser's events and stops it at the first thing that is refused.
class BoundedBuilder final : public json::json_sax_t {
 public:
  explicit BoundedBuilder(int max_depth) : max_depth_(max_depth) {}

  json Take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(int64_t value) override { return Add(value); }
  bool number_unsigned(uint64_t value) override {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return TooLarge();
    return Add(static_cast<int64_t>(value));
  }
  bool number_float(double value, const std::string& text) override {
    // The parser turns an integer that overflows into a double.
    if (text.find_first_of(".eE") == std::string::npos) return TooLarge();
    return Add(value);
  }
  bool string(std::string& value) override { return Add(std::move(value)); }
  bool binary(json::binary_t&) override { return Refuse("binary values are not JSON"); }
  bool start_object(std::size_t) override { return Open(json::object()); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(json::array()); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    if (open_.back()->contains(name)) {
      return Refuse(fmt::format("key {:?} appears twice in one object", name.substr(0, 60)));
    }
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    return Refuse(Reason(error.what()));
  }

 private:
  bool Refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool TooLarge() { return Refuse("number does not fit 64 bits"); }

  json* Put(json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &((*open_.back())[key_] = std::move(value));
  }
  bool Add(json value) {
    Put(std::move(value));
    return true;
  }
  bool Open(json container) {
    if (open_.size() >= static_cast<std::size_t>(max_depth_)) {
      return Refuse(fmt::format("nested more than {} deep", max_depth_));
    }
    open_.push_back(Put(std::move(container)));
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  int max_depth_;
  json root_;
  std::vector<json*> open_;  // stable: a container's parent does not grow while it is open
  std::string key_;
  std::string problem_;
};

}  // namespace

Result<json> ParseStrictJson(std::string_view text, const JsonBounds& bounds) {
  if (text.size() > bounds.max_bytes) {
    return Fail(ErrorCode::kInvalid, fmt::format("{} bytes of JSON, at most {} are taken",
                                                 text.size(), bounds.max_bytes));
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    return Fail(ErrorCode::kInvalid, "line 1, column 1: byte order mark; expected plain UTF-8");
  }
  if (const auto nul = text.find('\0'); nul != text.npos) {  // the parser would stop there, content
    return Fail(ErrorCode::kInvalid, Where(text, nul + 1) + ": NUL byte");
  }
  const char* reached = text.data();
  const TrackedIterator begin(text.data(), &reached);
  const TrackedIterator end(text.data() + text.size(), &reached);
  BoundedBuilder builder(bounds.max_depth);
  if (!json::sax_parse(begin, end, &builder, json::input_format_t::json, /*strict=*/true,
                       bounds.allow_comments)) {
    return Fail(ErrorCode::kInvalid,
                fmt::format("{}: {}", Where(text, static_cast<std::size_t>(reached - text.data())),
                            builder.problem()));
  }
  return builder.Take();
}

}  // namespace headroom
