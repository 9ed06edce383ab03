#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/text.h"
#include "cli/verb.h"

namespace headroom::cli {
namespace {

using nlohmann::json;

constexpr Duration kFollowPause = std::chrono::milliseconds(250);

constexpr OptionSpec kLogsOptions[] = {
    {"follow", nullptr, "go on until the job ends", 'f'},
    {"stderr", nullptr, "its standard error instead of its standard output"},
    {"raw", nullptr, "to a terminal too, byte for byte"},
};

std::string Base64(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= count ? kAlphabet[group >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

// Exact either way: text where it is text, base64 where it is not.
json PieceJson(int64_t id, LogStream stream, int64_t offset, const Piece& piece) {
  const bool text = IsUtf8(piece.bytes);
  return {{"id", id},
          {"stream", ToString(stream)},
          {"offset", offset},
          {"next_offset", piece.next_offset},
          {"complete", piece.complete},
          {"encoding", text ? "utf-8" : "base64"},
          {"data", text ? piece.bytes : Base64(piece.bytes)}};
}

// Where the pieces of a log go.
class LogPrinter {
 public:
  LogPrinter(Context& context, bool raw)
      : context_(context), escapes_(!raw && IsTerminal(context.around.out_fd)) {}

  void Print(int64_t id, LogStream stream, int64_t offset, const Piece& piece) {
    if (context_.json()) {
      context_.PrintJson(PieceJson(id, stream, offset, piece));
    } else {
      context_.out() << (escapes_ ? escaper_.Feed(piece.bytes) : piece.bytes) << std::flush;
    }
  }
  void Finish() {
    if (escapes_) context_.out() << escaper_.Finish() << std::flush;
  }

 private:
  Context& context_;
  bool escapes_;
  StreamEscaper escaper_;
};

Outcome<int> RunLogs(Context& context, const Args& args) {
  const auto id = ReadJobId(args.operands.front());
  if (!id) return tl::unexpected<Failure>(id.error());
  const LogStream stream = args.Has("stderr") ? LogStream::kStderr : LogStream::kStdout;
  LogPrinter printer(context, args.Has("raw"));
  int64_t offset = 0;
  while (context.out()) {
    const auto piece = context.api.Logs(*id, stream, offset);
    if (!piece) return tl::unexpected<Failure>(piece.error());
    const bool dry = piece->bytes.empty();
    if (!dry || piece->complete) printer.Print(*id, stream, offset, *piece);
    offset = piece->next_offset;
    if (piece->complete || (dry && !args.Has("follow"))) break;
    if (dry) context.around.waiter.Wait(kFollowPause);
  }
  printer.Finish();
  return 0;
}

}  // namespace

const Verb kLogsVerb{
    .name = "logs",
    .operands_text = "ID",
    .summary = "print what a job has written",
    .details =
        "Prints the job's standard output so far, as the bytes it wrote. On a terminal\n"
        "control characters and escape sequences are shown, not obeyed, unless --raw says\n"
        "so. With --json every piece is an object on a line of its own, with its offset;\n"
        "\"data\" is text, or base64 where the bytes are not UTF-8.\n\n"
        "examples:\n"
        "  headroom logs 42\n"
        "  headroom logs -f --stderr 42",
    .options = kLogsOptions,
    .operands = Operands::kAnywhere,
    .least_operands = 1,
    .most_operands = 1,
    .run = &RunLogs,
};

}  // namespace headroom::cli
