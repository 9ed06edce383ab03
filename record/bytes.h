#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Values as few bytes, and back. Whole numbers take as many bytes as they need (LEB128, zigzag);
// doubles are kept to the last bit. Fields have neither names nor tags: the version of the frame
// around them (frame.h) says which there are. Threads: any.
namespace headroom::record {

class Writer {
 public:
  static constexpr bool kReads = false;

  template <class... Fields>
  void operator()(const Fields&... fields) {
    (Put(fields), ...);
  }
  void Put(bool value) { bytes_ += static_cast<char>(value); }
  void Put(uint64_t value);
  void Put(int64_t value) {
    Put(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }
  void Put(int32_t value) { Put(int64_t{value}); }
  void Put(double value);
  void Put(const std::string& text);
  template <class Rep, class Period>
  void Put(std::chrono::duration<Rep, Period> value) {
    Put(int64_t{value.count()});
  }
  template <class Clock, class Length>
  void Put(std::chrono::time_point<Clock, Length> value) {
    Put(value.time_since_epoch());
  }
  template <class T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value) Put(*value);
  }
  template <class T>
  void Put(const std::vector<T>& values) {
    Put(uint64_t{values.size()});
    for (const T& value : values) Put(value);
  }
  // A struct: its Fields() (fields.h) names what it holds.
  template <class T>
  requires requires(Writer& writer, const T& value) { Fields(writer, value); }
  void Put(const T& value) { Fields(*this, value); }

  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what a Writer wrote. Bytes may be anything: what is not there or not possible makes the
// reader fail, for good, and everything read after that is zero.
class Reader {
 public:
  static constexpr bool kReads = true;

  explicit Reader(std::string_view bytes) : left_(bytes) {}

  template <class... Fields>
  void operator()(Fields&... fields) {
    (Get(fields), ...);
  }
  void Get(bool& value);
  void Get(uint64_t& value);
  void Get(int64_t& value);
  void Get(int32_t& value);
  void Get(double& value);
  void Get(std::string& text);
  template <class Rep, class Period>
  void Get(std::chrono::duration<Rep, Period>& value) {
    int64_t count = 0;
    Get(count);
    value = std::chrono::duration<Rep, Period>(count);
  }
  template <class Clock, class Length>
  void Get(std::chrono::time_point<Clock, Length>& value) {
    Length since{};
    Get(since);
    value = std::chrono::time_point<Clock, Length>(since);
  }
  template <class T>
  void Get(std::optional<T>& value) {
    bool there = false;
    Get(there);
    value.reset();
    if (there) Get(value.emplace());
  }
  // Each element takes a byte at least, so that a count that is not true costs no memory.
  template <class T>
  void Get(std::vector<T>& values) {
    uint64_t count = 0;
    Get(count);
    if (count > left_.size()) return Fail();
    values.clear();
    for (; count > 0 && !failed_; --count) Get(values.emplace_back());
  }
  template <class T>
  requires requires(Reader& reader, T& value) { Fields(reader, value); }
  void Get(T& value) { Fields(*this, value); }
  // An enum of the values 0 to `last`.
  template <class Enum>
  void GetEnum(Enum& value, Enum last) {
    uint64_t number = 0;
    Get(number);
    if (number > static_cast<uint64_t>(last)) return Fail();
    value = static_cast<Enum>(number);
  }

  void Fail();
  bool failed() const { return failed_; }
  bool at_end() const { return left_.empty(); }

 private:
  std::string_view Take(uint64_t count);

  std::string_view left_;
  bool failed_ = false;
};

// An enum is a whole number in both directions.
template <class Enum>
void EnumField(Writer& writer, const Enum& value, Enum /*last*/) {
  writer.Put(static_cast<uint64_t>(value));
}
template <class Enum>
void EnumField(Reader& reader, Enum& value, Enum last) {
  reader.GetEnum(value, last);
}

}  // namespace headroom::record
