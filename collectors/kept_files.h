#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "collectors/failures.h"
#include "collectors/kernel_file.h"

// The files of one directory, or of the same directory in several hierarchies, opened once and read
// as a whole in every sweep.
namespace headroom {

enum class Need {
  kRequired,  // its absence is a failure
  kOptional,  // older kernels, or kernels built or booted without it, do not have it
};

enum class Topic {
  kUse,       // a failure is the owner's: "pool", "job", "host", …
  kPressure,  // a failure is "psi"
};

// One row of a reader's table. Adding a file to what is measured is adding a row.
template <class Sample>
struct FileSpec {
  std::size_t root;  // which of the roots it lies under
  const char* name;
  Need need;
  Topic topic;
  Status (*parse)(std::string_view text, Sample& into);
};

enum class Outcome {
  kWhole,   // everything that this kernel has was read
  kPartly,  // some failed, and are in the failure log
  kGone,    // the directory is not there, or no longer
};

// Threads: one at a time.
//
// In the steady state Read() is one pread(2) a file: no open, no stat, no allocation. A file that
// this kernel does not have is looked for once. After any other failure to open, and after the
// directory went away, everything is closed and opened anew in the next sweep.
template <class Sample>
class KeptFiles {
 public:
  // `roots` (mount points) and `specs` outlive this object; `path` is relative to the roots.
  KeptFiles(Source owner, std::span<const std::string> roots, std::string path,
            std::span<const FileSpec<Sample>> specs)
      : owner_(owner), roots_(roots), path_(std::move(path)), specs_(specs) {}

  Outcome Read(ReadBuffer& buffer, Sample& into, FailureLog& failures) {
    Outcome outcome = Outcome::kWhole;
    if (files_.empty()) outcome = OpenAll(failures);
    if (outcome == Outcome::kGone) return outcome;
    const bool all_open = outcome == Outcome::kWhole;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!files_[i].is_open()) continue;
      const Status read = ReadOne(i, buffer, into);
      if (read) continue;
      if (IsGone(read.error())) {
        files_.clear();
        return Outcome::kGone;
      }
      Report(specs_[i], read.error(), failures);
      outcome = Outcome::kPartly;
    }
    if (!all_open) files_.clear();
    return outcome;
  }

  // Tells a directory from another one of the same name: the inode number under the first root,
  // which cgroupfs never gives twice. 0 before the first read.
  uint64_t id() const { return id_; }
  const std::string& path() const { return path_; }

 private:
  // cgroupfs: ENODEV once the cgroup is removed; /proc: ESRCH once the process is.
  static bool IsGone(const Error& error) {
    return error.os_error == ENODEV || error.os_error == ESRCH;
  }
  // ENOENT: no such file in this kernel. EOPNOTSUPP: PSI is compiled in but switched off (F13).
  static bool IsMissing(const Error& error) {
    return error.os_error == ENOENT || error.os_error == EOPNOTSUPP;
  }

  void Report(const FileSpec<Sample>& spec, const Error& error, FailureLog& failures) const {
    failures.Add(spec.topic == Topic::kPressure ? Source::kPsi : owner_,
                 DirectoryOf(spec.root) + "/" + spec.name, error);
  }
  std::string DirectoryOf(std::size_t root) const {
    return path_.empty() ? roots_[root] : roots_[root] + "/" + path_;
  }

  Status ReadOne(std::size_t i, ReadBuffer& buffer, Sample& into) {
    const auto text = files_[i].Read(buffer);
    if (text) return specs_[i].parse(*text, into);
    if (specs_[i].need == Need::kOptional && IsMissing(text.error())) {
      files_[i].Close();
      return {};
    }
    return tl::unexpected(text.error());
  }

  Outcome OpenAll(FailureLog& failures) {
    std::vector<UniqueFd> directories(roots_.size());
    for (std::size_t root = 0; root < roots_.size(); ++root) {
      const std::string path = DirectoryOf(root);
      directories[root].Reset(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (directories[root]) continue;
      if (errno == ENOENT) return Outcome::kGone;  // also half made or half removed
      failures.Add(owner_, path, FailErrno(errno, "open").value());
      return Outcome::kPartly;
    }
    struct stat info {};
    if (::fstat(directories[0].get(), &info) == 0) id_ = info.st_ino;
    return OpenFiles(directories, failures);
  }

  Outcome OpenFiles(const std::vector<UniqueFd>& directories, FailureLog& failures) {
    Outcome outcome = Outcome::kWhole;
    files_.resize(specs_.size());
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      const FileSpec<Sample>& spec = specs_[i];
      const Status opened = files_[i].Open(directories[spec.root].get(), spec.name);
      if (opened || (spec.need == Need::kOptional && IsMissing(opened.error()))) continue;
      Report(spec, opened.error(), failures);
      outcome = Outcome::kPartly;
    }
    return outcome;
  }

  Source owner_;
  std::span<const std::string> roots_;
  std::string path_;
  std::span<const FileSpec<Sample>> specs_;
  std::vector<KernelFile> files_;  // as specs_; empty while the directory is not open
  uint64_t id_ = 0;
};

}  // namespace headroom
