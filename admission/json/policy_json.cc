#include "admission/json/policy_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "admission/json/policy_fields.h"
#include "admission/json/strict_json.h"
#include "base/file.h"
#include "base/name.h"

namespace headroom {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Problems = std::vector<PolicyProblem>;

constexpr JsonBounds kPolicyBounds{.max_bytes = 1 << 20, .max_depth = 16, .allow_comments = true};

// A file of rubbish is not answered with as much rubbish.
constexpr std::size_t kMostProblems = 200;

// One reference token of a JSON pointer (RFC 6901). ASCII, so that no message carries raw bytes of
// a file.
std::string PointerToken(std::string_view name) {
  std::string token;
  for (const char c : name.substr(0, kMaxNameLength)) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

// Visits an object of the file: takes what is there, notes what is wrong, and at its end what
// nobody asked for.
class Reader {
 public:
  enum class Missing { kKeepsDefault, kIsProblem };

  Reader(const json& object, std::string pointer, Missing missing, Problems& problems)
      : object_(object), pointer_(std::move(pointer)), missing_(missing), problems_(problems) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { ReportUnknownKeys(); }

  template <class Kind>
  void Field(std::string_view name, typename Kind::Type& value, Kind) {
    const json* found = Find(name);
    if (!found) return;
    auto read = Kind::Read(*found);
    if (read) {
      value = *std::move(read);
    } else {
      Report(name, read.error().message);
    }
  }

  template <class Visit>
  void Object(std::string_view name, Visit visit, Missing missing = Missing::kKeepsDefault) {
    const json* found = Find(name);
    if (!found) return;
    if (!found->is_object()) {
      return Report(name, policy_values::Unexpected("an object", *found).value().message);
    }
    Reader inner(*found, PointerTo(name), missing, problems_);
    visit(inner);
  }

  template <class T, class Visit>
  void Row(std::string_view name, std::optional<T>& row, Visit visit) {
    const auto found = object_.find(name);
    const bool is_given = found != object_.end();
    if (is_given && found->is_null()) {
      names_.push_back(std::string(name));
      return row.reset();
    }
    const bool has_default = row.has_value();
    if (!has_default && is_given && found->is_object()) row.emplace();
    Object(name, visit, has_default ? Missing::kKeepsDefault : Missing::kIsProblem);
  }

  void Tokens(std::string_view name, std::vector<TokenAmount>& tokens) {
    tokens.clear();
    Object(name, [&](Reader& inner) {
      for (const auto& [token, count] : inner.object_.items()) {
        inner.ReadToken(token, tokens);
      }
    });
  }

  void Tenants(std::string_view name, std::vector<TenantPolicy>& tenants) {
    tenants.clear();
    Object(name, [&](Reader& inner) {
      for (const auto& [tenant, value] : inner.object_.items()) inner.ReadTenant(tenant, tenants);
    });
  }

  void Windows(std::string_view name, std::vector<TimeWindow>& windows) {
    windows.clear();
    Object(name, [&](Reader& inner) {
      for (const auto& [window, value] : inner.object_.items()) inner.ReadWindow(window, windows);
    });
  }

 private:
  const json* Find(std::string_view name) {
    names_.push_back(std::string(name));
    const auto found = object_.find(name);
    if (found != object_.end()) return &*found;
    if (missing_ == Missing::kIsProblem) Report(name, "missing, and there is no default");
    return nullptr;
  }

  void ReadToken(const std::string& name, std::vector<TokenAmount>& tokens) {
    TokenAmount token{name, 0};
    Field(name, token.count, policy_values::Count{});
    if (const Status named = CheckName("token", name); !named) Report(name, named.error().message);
    tokens.push_back(std::move(token));
  }

  void ReadTenant(const std::string& name, std::vector<TenantPolicy>& tenants) {
    TenantPolicy tenant;
    tenant.name = name;
    Object(name, [&](Reader& inner) { VisitTenant(inner, tenant); });
    const Status named = name == "*" ? Status() : CheckName("tenant", name);
    if (!named) Report(name, named.error().message);
    tenants.push_back(std::move(tenant));
  }

  void ReadWindow(const std::string& name, std::vector<TimeWindow>& windows) {
    TimeWindow window;
    window.name = name;
    Object(name, [&](Reader& inner) {
      VisitWindow(inner, window);
      for (const char* key : {"from", "to"})
        if (!inner.object_.contains(key)) inner.Report(key, "missing, and there is no default");
    });
    if (const Status named = CheckName("window", name); !named) Report(name, named.error().message);
    windows.push_back(std::move(window));
  }

  void ReportUnknownKeys() {
    const std::vector<std::string_view> names(names_.begin(), names_.end());
    for (const auto& [key, value] : object_.items()) {
      if (problems_.size() >= kMostProblems) return;
      if (std::ranges::find(names, key) == names.end()) {
        Report(key, "unknown key" + NearestName(key, names));
      }
    }
  }

  std::string PointerTo(std::string_view name) const { return pointer_ + "/" + PointerToken(name); }
  void Report(std::string_view name, std::string message) {
    problems_.push_back({PointerTo(name), std::move(message)});
  }

  const json& object_;
  std::string pointer_;
  Missing missing_;
  Problems& problems_;
  std::vector<std::string> names_;  // asked for so far
};

// Visits the same keys to write them.
class Writer {
 public:
  template <class Kind>
  void Field(std::string_view name, const typename Kind::Type& value, Kind) {
    Put(name, Kind::Write(value));
  }

  template <class Visit>
  void Object(std::string_view name, Visit visit) {
    Writer inner;
    visit(inner);
    Put(name, std::move(inner.object_));
  }

  template <class T, class Visit>
  void Row(std::string_view name, const std::optional<T>& row, Visit visit) {
    if (!row) return Put(name, nullptr);
    Object(name, visit);
  }

  void Tokens(std::string_view name, const std::vector<TokenAmount>& tokens) {
    Writer inner;
    for (const TokenAmount& token : tokens) inner.Put(token.name, token.count);
    Put(name, std::move(inner.object_));
  }

  void Tenants(std::string_view name, const std::vector<TenantPolicy>& tenants) {
    Writer inner;
    for (TenantPolicy tenant : tenants)
      inner.Object(tenant.name, [&](Writer& one) { VisitTenant(one, tenant); });
    Put(name, std::move(inner.object_));
  }

  void Windows(std::string_view name, const std::vector<TimeWindow>& windows) {
    Writer inner;
    for (TimeWindow window : windows)
      inner.Object(window.name, [&](Writer& one) { VisitWindow(one, window); });
    Put(name, std::move(inner.object_));
  }

  std::string Text() const { return object_.dump(2) + "\n"; }

 private:
  void Put(std::string_view name, ordered_json value) {
    object_[std::string(name)] = std::move(value);
  }

  ordered_json object_ = ordered_json::object();
};

// Whether something at `pointer`, or around it, is already known to be wrong.
bool Covers(const Problems& problems, const std::string& pointer) {
  return std::ranges::any_of(problems, [&](const PolicyProblem& problem) {
    return pointer == problem.pointer || pointer.starts_with(problem.pointer + "/");
  });
}

}  // namespace

std::variant<Policy, Problems> ParsePolicy(std::string_view text) {
  const Result<json> document = ParseStrictJson(text, kPolicyBounds);
  if (!document) return Problems{{"", document.error().message}};
  if (!document->is_object()) {
    return Problems{{"", policy_values::Unexpected("an object", *document).value().message}};
  }
  Policy policy;
  Problems problems;
  {
    Reader reader(*document, "", Reader::Missing::kKeepsDefault, problems);
    VisitPolicy(reader, policy);
  }
  // A value that could not be read has kept its default: nothing more is said about it.
  const Problems unread = problems;
  for (PolicyProblem& problem : Validate(policy)) {
    if (!Covers(unread, problem.pointer)) problems.push_back(std::move(problem));
  }
  if (!problems.empty()) return problems;
  return policy;
}

namespace {

std::variant<Policy, Problems> LoadAlone(const std::string& path) {
  const Result<std::string> text = ReadFile(path, kPolicyBounds.max_bytes);
  if (!text) return Problems{{"", text.error().message}};
  return ParsePolicy(*text);
}

}  // namespace

std::variant<Policy, Problems> LoadPolicy(const std::string& path) {
  auto loaded = LoadAlone(path);
  const auto* policy = std::get_if<Policy>(&loaded);
  if (policy == nullptr) return loaded;
  auto shadow = LoadShadow(*policy, path);
  if (auto* problems = std::get_if<Problems>(&shadow)) return std::move(*problems);
  return loaded;
}

std::variant<std::optional<Policy>, Problems> LoadShadow(const Policy& policy,
                                                         const std::string& path) {
  if (!policy.shadow_policy) return std::nullopt;
  const std::filesystem::path file =
      std::filesystem::path(path).parent_path() / *policy.shadow_policy;
  auto loaded = LoadAlone(file);
  if (auto* shadow = std::get_if<Policy>(&loaded)) {
    if (!shadow->shadow_policy) return std::move(*shadow);
    return Problems{
        {"/shadow_policy", file.string() + " has a shadow_policy itself; expected none"}};
  }
  Problems problems = std::get<Problems>(std::move(loaded));
  for (PolicyProblem& problem : problems)
    problem = {"/shadow_policy", file.string() + ": " + Located(problem)};
  return problems;
}

std::string PolicyToJson(const Policy& policy) {
  Policy visited = policy;
  Writer writer;
  VisitPolicy(writer, visited);
  return writer.Text();
}

}  // namespace headroom
