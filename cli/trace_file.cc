#include "cli/trace_file.h"

#include <zlib.h>

#include <cerrno>
#include <memory>

namespace headroom::cli {

Result<std::string> ReadPlainOrGzip(const std::string& path, std::size_t most) {
  errno = 0;
  // It reads a plain file as it is.
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "rbe"), &::gzclose);
  if (!file) return FailErrno(errno == 0 ? ENOMEM : errno, "open " + path);
  std::string text;
  char piece[1 << 16];
  for (int size = 0; (size = ::gzread(file.get(), piece, sizeof(piece))) != 0;) {
    if (size < 0) {
      int code = 0;
      const std::string why = ::gzerror(file.get(), &code);
      return code == Z_ERRNO ? Result<std::string>(FailErrno(errno, "read " + path))
                             : Fail(ErrorCode::kCorrupt, "read " + path + ": " + why);
    }
    text.append(piece, static_cast<std::size_t>(size));
    if (text.size() > most)
      return Fail(ErrorCode::kInvalid, path + ": larger than " + std::to_string(most) + " bytes");
  }
  int code = Z_OK;  // a file that was cut off ends like a whole one
  const std::string why = ::gzerror(file.get(), &code);
  if (code != Z_OK) return Fail(ErrorCode::kCorrupt, "read " + path + ": " + why);
  return text;
}

}  // namespace headroom::cli
