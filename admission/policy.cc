#include "admission/policy.h"

namespace headroom {

std::string_view ToString(AdmissionMode mode) {
  switch (mode) {
    case AdmissionMode::kHeadroom:
      return "headroom";
    case AdmissionMode::kCount:
      return "count";
    case AdmissionMode::kNone:
      return "none";
  }
  return "headroom";
}

}  // namespace headroom
