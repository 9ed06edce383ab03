#include "executor/shim_spec.h"

#include <charconv>

namespace headroom {
namespace {

constexpr std::string_view kVersion = "headroom-shim 1";

class Writer {
 public:
  void Field(std::string_view text) {
    whole_ = whole_ && text.find('\0') == std::string_view::npos;
    out_.append(text).push_back('\0');
  }
  void Field(int64_t number) { Field(std::to_string(number)); }
  template <class List>
  void Fields(const List& list) {
    Field(static_cast<int64_t>(list.size()));
    for (const auto& item : list) Field(item);
  }
  std::optional<std::string> Finish() && {
    return whole_ ? std::optional(std::move(out_)) : std::nullopt;
  }

 private:
  std::string out_;
  bool whole_ = true;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::string_view Field() {
    const auto end = rest_.find('\0');
    if (end == std::string_view::npos) {
      whole_ = false;
      return {};
    }
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return field;
  }
  std::string Text() { return std::string(Field()); }

  template <class Integer>
  Integer Number() {
    const std::string_view field = Field();
    Integer value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    whole_ = whole_ && error == std::errc() && end == field.data() + field.size() && value >= 0;
    return value;
  }

  template <class Item>
  std::vector<Item> List(Item (Reader::*item)()) {
    std::vector<Item> list;
    for (auto left = Number<int64_t>(); left > 0 && whole_; --left) list.push_back((this->*item)());
    return list;
  }
  std::vector<std::string> Texts() { return List(&Reader::Text); }
  std::vector<gid_t> Numbers() { return List(&Reader::Number<gid_t>); }

  bool AtEnd() const { return whole_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

}  // namespace

std::optional<std::string> FormatShimSpec(const ShimSpec& spec) {
  Writer out;
  out.Field(kVersion);
  out.Field(spec.directory);
  out.Field(spec.boot_id);
  out.Fields(spec.place.shim_entries);
  out.Field(spec.place.job);
  out.Fields(spec.place.job_entries);
  out.Field(spec.place.oom_group);
  out.Field(spec.place.pool_oom_events);
  out.Fields(spec.argv);
  out.Fields(spec.environment);
  out.Field(spec.working_directory);
  out.Field(spec.stdin_path);
  out.Field(spec.uid);
  out.Field(spec.gid);
  out.Fields(spec.groups);
  out.Field(spec.log_max_bytes);
  return std::move(out).Finish();
}

std::optional<ShimSpec> ParseShimSpec(std::string_view text) {
  Reader in(text);
  if (in.Field() != kVersion) return std::nullopt;
  ShimSpec spec;
  spec.directory = in.Text();
  spec.boot_id = in.Text();
  spec.place.shim_entries = in.Texts();
  spec.place.job = in.Text();
  spec.place.job_entries = in.Texts();
  spec.place.oom_group = in.Text();
  spec.place.pool_oom_events = in.Number<int64_t>();
  spec.argv = in.Texts();
  spec.environment = in.Texts();
  spec.working_directory = in.Text();
  spec.stdin_path = in.Text();
  spec.uid = in.Number<uid_t>();
  spec.gid = in.Number<gid_t>();
  spec.groups = in.Numbers();
  spec.log_max_bytes = in.Number<int64_t>();
  return in.AtEnd() && !spec.argv.empty() ? std::optional(std::move(spec)) : std::nullopt;
}

}  // namespace headroom
