#include <bit>
#include <utility>

#include "admission/draw.h"
#include "admission/growth.h"

// Little-endian: a version, the width and the end in nanoseconds, the last use, and for each bucket
// two sums, two maxima and the number of samples; behind all of it a hash.
namespace headroom {
namespace {

constexpr uint64_t kVersion = 1;
constexpr std::size_t kWord = 8, kWordsBefore = 5, kWordsOfBucket = 5, kWordsBehind = 1;
// Far above any amount of anything, and far below what a float holds.
constexpr double kMostPossible = 1e30;

void Put(std::string& bytes, uint64_t word) {
  for (std::size_t i = 0; i < kWord; ++i) bytes += static_cast<char>(word >> (8 * i) & 0xff);
}
void Put(std::string& bytes, double value) { Put(bytes, std::bit_cast<uint64_t>(value)); }
void Put(std::string& bytes, const Use& use) {
  Put(bytes, use.memory_bytes);
  Put(bytes, use.cpu_millis);
}

// REQUIRES: as many words are there as are taken.
class Words {
 public:
  explicit Words(std::string_view bytes) : bytes_(bytes) {}

  uint64_t Take() {
    uint64_t word = 0;
    for (std::size_t i = 0; i < kWord; ++i)
      word |= uint64_t{static_cast<unsigned char>(bytes_[i])} << (8 * i);
    bytes_.remove_prefix(kWord);
    return word;
  }
  double TakeDouble() { return std::bit_cast<double>(Take()); }
  Use TakeUse() {
    const double memory = TakeDouble();
    return {memory, TakeDouble()};
  }

 private:
  std::string_view bytes_;
};

bool IsAmount(double value) { return value >= 0 && value <= kMostPossible; }  // neither is a NaN
bool AreAmounts(const Use& use) { return IsAmount(use.memory_bytes) && IsAmount(use.cpu_millis); }

tl::unexpected<Error> Bad(std::string what) {
  return Fail(ErrorCode::kCorrupt, "growth of an attempt: " + std::move(what));
}

}  // namespace

std::string Growth::ToBytes() const {
  std::string bytes;
  bytes.reserve(kWord * (kWordsBefore + kWordsOfBucket * buckets_.size() + kWordsBehind));
  Put(bytes, kVersion);
  Put(bytes, static_cast<uint64_t>(width_.count()));
  Put(bytes, static_cast<uint64_t>(end_.count()));
  Put(bytes, last_);
  for (const Bucket& bucket : buckets_) {
    Put(bytes, bucket.sum);
    Put(bytes, bucket.most);
    Put(bytes, bucket.samples);
  }
  Put(bytes, Hashed(std::string_view(bytes)));
  return bytes;
}

Result<Growth> Growth::FromBytes(std::string_view bytes) {
  constexpr std::size_t kAround = kWordsBefore + kWordsBehind;
  const std::size_t words = bytes.size() / kWord;
  if (bytes.size() % kWord != 0 || words < kAround || (words - kAround) % kWordsOfBucket != 0)
    return Bad(std::to_string(bytes.size()) + " bytes are not whole buckets");
  Words in(bytes);
  if (const uint64_t version = in.Take(); version != kVersion)
    return Bad("version " + std::to_string(version) + ", expected " + std::to_string(kVersion));
  const std::string_view hashed = bytes.substr(0, bytes.size() - kWord);
  if (Words(bytes.substr(hashed.size())).Take() != Hashed(hashed))
    return Bad("it does not have its checksum");
  Growth growth;
  growth.width_ = Duration(static_cast<int64_t>(in.Take()));
  growth.end_ = Duration(static_cast<int64_t>(in.Take()));
  growth.last_ = in.TakeUse();
  growth.buckets_.resize((words - kAround) / kWordsOfBucket);
  for (Bucket& bucket : growth.buckets_) {
    bucket.sum = in.TakeUse();
    bucket.most = in.TakeUse();
    bucket.samples = in.TakeDouble();
  }
  if (!growth.IsPossible()) return Bad("no attempt can have grown like that");
  return growth;
}

// Whether Record() can have led here: so that nothing else has to be prepared for what cannot be.
bool Growth::IsPossible() const {
  constexpr Duration kFirst = std::chrono::seconds(1);
  const bool is_width = width_ >= kFirst && width_ % kFirst == Duration{} &&
                        std::has_single_bit(static_cast<uint64_t>(width_ / kFirst));
  if (!is_width || end_ < Duration{} || buckets_.size() > kMostBuckets) return false;
  if (buckets_.size() != (buckets_.empty() ? 0 : IndexOf(end_) + 1)) return false;
  if (buckets_.empty()) return *this == Growth{};
  for (const Bucket& bucket : buckets_) {
    if (!AreAmounts(bucket.sum) || !AreAmounts(bucket.most)) return false;
    if (bucket.samples < 1 || !IsAmount(bucket.samples)) return false;
  }
  return AreAmounts(last_);
}

}  // namespace headroom
