#include "admission/ordering.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <limits>
#include <unordered_map>
#include <utility>

namespace headroom {
namespace {

// What is sorted instead of the jobs themselves: 32 bytes, no pointer to follow.
struct Key {
  uint64_t turn;  // within a tenant and a priority, the least first
  JobId id;
  int32_t priority;
  uint32_t tenant;  // numbered as they appear
  uint32_t index;
};

// Sorts stably by one whole-number field: radix sort from the lowest digit of what the values
// differ in. Takes a time proportional to the queue's length; comparing would take log(length)
// times that, most of it in mispredicted branches.
template <class Field>
void SortBy(Field field, std::vector<Key>& keys, std::vector<Key>& scratch) {
  constexpr unsigned kDigitBits = 11;
  constexpr uint64_t kDigits = 1U << kDigitBits;
  const auto [least, most] = std::ranges::minmax(keys, {}, field);
  const auto origin = static_cast<uint64_t>(field(least));
  const uint64_t range = static_cast<uint64_t>(field(most)) - origin;
  for (unsigned shift = 0; shift < 64 && range >> shift != 0; shift += kDigitBits) {
    const auto digit = [&](const Key& key) {
      return ((static_cast<uint64_t>(field(key)) - origin) >> shift) % kDigits;
    };
    std::array<uint32_t, kDigits> place{};
    for (const Key& key : keys) ++place[digit(key)];
    uint32_t start = 0;
    for (uint32_t& count : place) start += std::exchange(count, start);
    for (const Key& key : keys) scratch[place[digit(key)]++] = key;
    keys.swap(scratch);
  }
}

constexpr uint64_t kAfterAll = uint64_t{1} << 63;

// Times may lie before zero.
uint64_t InOrder(TimePoint time) {
  return static_cast<uint64_t>(time.time_since_epoch().count()) ^ kAfterAll;
}

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// By how much a job's stay is longer than its own length: (wait + length) / length, the response
// ratio (Brinch Hansen 1973). Short jobs need not wait long, and nobody waits for ever. Descending.
uint64_t ByResponseRatio(const WaitingJob& job, TimePoint now, Duration usual) {
  const double length = std::max(Seconds(job.duration.value_or(usual)), 1e-3);
  const auto ratio =
      static_cast<float>(1 + std::max(Seconds(now - job.submitted_at), 0.0) / length);
  // The bits of positive floats are in the order of their values (IEEE 754).
  return kAfterAll | (0xffff'ffffU - std::bit_cast<uint32_t>(ratio));
}

// With what it has gained by waiting.
int32_t AgedPriority(const WaitingJob& job, TimePoint now, const QueuePolicy& queue) {
  if (!queue.ageing) return job.priority;
  const Duration waited = now - job.submitted_at;
  if (waited < *queue.ageing) return job.priority;
  const int64_t aged = job.priority + waited / *queue.ageing;
  return static_cast<int32_t>(std::min<int64_t>(aged, std::numeric_limits<int32_t>::max()));
}

// Numbers tenants as they come; most often the next job is of the same as the last.
class TenantNumbers {
 public:
  uint32_t Of(uint64_t tenant) {
    if (numbers_.empty() || tenant != last_) {
      last_ = tenant;
      last_number_ =
          numbers_.try_emplace(tenant, static_cast<uint32_t>(numbers_.size())).first->second;
    }
    return last_number_;
  }

 private:
  std::unordered_map<uint64_t, uint32_t> numbers_;
  uint64_t last_ = 0;
  uint32_t last_number_ = 0;
};

}  // namespace

Duration DueAfter(const QueuePolicy& queue, std::optional<Duration> mean_duration) {
  constexpr int64_t kMeanDurations = 30;
  if (queue.order == QueueOrder::kAge) return Duration{};
  if (queue.due_after) return *queue.due_after;
  return kMeanDurations * mean_duration.value_or(Duration{});
}

Line::Line(std::span<const WaitingJob> waiting, const Snapshot& snapshot, const Policy& policy,
           const Tenants& tenants)
    : waiting_(waiting),
      queue_(policy.queue),
      tenants_(tenants),
      now_(snapshot.now),
      mean_duration_(snapshot.mean_duration),
      due_after_(DueAfter(policy.queue, snapshot.mean_duration)) {
  if (waiting.empty()) return;
  Sort();
}

// Within a tenant and a priority, the least first. What comes in two parts has the half of the
// numbers for each.
uint64_t Line::TurnOf(const WaitingJob& job) const {
  const uint64_t by_age = InOrder(job.submitted_at);
  switch (queue_.order) {
    case QueueOrder::kAge:
      return by_age;
    case QueueOrder::kJobRunner:
      return by_age >> 1 | (job.request.tokens.empty() ? kAfterAll : 0);
    case QueueOrder::kFair:
      return IsDue(job) ? by_age >> 1
                        : ByResponseRatio(job, now_, mean_duration_.value_or(Duration{}));
  }
  return by_age;
}

void Line::Sort() {
  std::vector<Key> keys;
  keys.reserve(waiting_.size());
  int32_t highest = std::numeric_limits<int32_t>::min();
  TenantNumbers tenants;
  const bool by_tenant = queue_.order != QueueOrder::kAge;
  for (const WaitingJob& job : waiting_) {
    highest = std::max(highest, job.priority);
    keys.push_back({TurnOf(job), job.id, AgedPriority(job, now_, queue_),
                    by_tenant ? tenants.Of(job.tenant) : 0, static_cast<uint32_t>(keys.size())});
  }
  for (Key& key : keys) key.priority = std::min(key.priority, highest);
  std::vector<Key> scratch(keys.size());
  SortBy([](const Key& key) { return key.id.value; }, keys, scratch);
  SortBy([](const Key& key) { return key.turn; }, keys, scratch);
  SortBy([](const Key& key) { return key.tenant; }, keys, scratch);
  SortBy([](const Key& key) { return -int64_t{key.priority}; }, keys, scratch);
  order_.reserve(keys.size());
  const Key* before = nullptr;
  for (const Key& key : keys) {
    const auto place = static_cast<uint32_t>(order_.size());
    order_.push_back(key.index);
    if (before == nullptr || key.priority != before->priority || key.tenant != before->tenant)
      groups_.push_back({place, place, key.priority, waiting_[key.index].tenant});
    groups_.back().end = place + 1;
    before = &key;
  }
}

void Line::Enqueue(uint32_t number) {
  const Group& group = groups_[number];
  const WaitingJob& first = At(group.next);
  Turn turn{false, 0, first.id, number};
  if (queue_.order == QueueOrder::kFair) {
    turn.borrows = tenants_.WouldBorrow(group.tenant, first.request);
    turn.share = tenants_.ShareOf(group.tenant);
  }
  if (queue_.order == QueueOrder::kJobRunner)
    turn.share = static_cast<double>(tenants_.JobsOf(group.tenant));
  turns_.push_back(turn);
  std::ranges::push_heap(turns_, std::greater());
}

bool Line::ChooseGroup() {
  if (turns_.empty()) {
    if (later_ == groups_.size()) return false;
    const int32_t priority = groups_[later_].priority;
    for (; later_ < groups_.size() && groups_[later_].priority == priority; ++later_)
      Enqueue(later_);
  }
  std::ranges::pop_heap(turns_, std::greater());
  chosen_ = turns_.back().group;
  turns_.pop_back();
  starts_then_ = tenants_.starts();
  return true;
}

const WaitingJob* Line::Next() {
  // The jobs lie anywhere in memory, so each is asked for well before its turn; without that a long
  // queue waits for memory most of the time.
  constexpr uint32_t kAhead = 12;
  while (chosen_ || ChooseGroup()) {
    Group& group = groups_[*chosen_];
    const bool has_more = group.next != group.end;
    const bool has_started = tenants_.starts() != starts_then_;
    if (has_more && !has_started) {
      if (group.next + kAhead < group.end) {
        const auto* ahead = reinterpret_cast<const char*>(&At(group.next + kAhead));
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + sizeof(WaitingJob) - 1);
      }
      return &At(group.next++);
    }
    if (has_more) Enqueue(*chosen_);
    chosen_.reset();
  }
  return nullptr;
}

}  // namespace headroom
