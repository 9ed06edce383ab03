#include <utility>

#include "daemon/api_call.h"
#include "daemon/history_json.h"

// Finished attempts that another system has seen, for the history of their keys.
namespace headroom {

void ImportHistory(ApiContext& api, ApiCall call) {
  // Said before the body is looked at: it is nobody else's business what would be wrong with it.
  if (!call.caller.admin)
    return call.Respond(Refuse(403, "only an administrator may import history"));
  const auto body = JsonBodyOf(call);
  if (!body) return call.Respond(tl::unexpected(body.error()));
  auto attempts = ReadHistoryBatch(*body);
  if (!attempts) return call.Respond(tl::unexpected(attempts.error()));
  api.service.ImportHistory(*std::move(attempts), [call](Result<ImportedHistory> imported) {
    if (!imported) return call.Respond(tl::unexpected(FromError(imported.error())));
    call.Respond(JsonResponse({{"added", imported->added}, {"known", imported->known}}));
  });
}

}  // namespace headroom
