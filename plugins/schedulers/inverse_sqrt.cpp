#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kForms[] = {"hf", "noam"};

struct InverseSqrt {
  static constexpr tuner::Info info{
      .id = "inverse_sqrt",
      .name = "Inverse square root decay",
      .doc = "lr over the root of time, as HuggingFace's; or the Transformer's own (Noam), with its warmup",
      .details =
          "t = 0 at the first update, T = timescale:\n"
          "hf:    lr(t) = lr / sqrt((t + T) / T)\n"
          "noam:  lr(t) = lr d^-0.5 min(n^-0.5, n T^-1.5),  n = t + 1,  d = model_size\n"
          "hf with warmup_steps: T of the host is HuggingFace's get_inverse_sqrt_schedule after its warmup of T steps\n"
          "(whose own warmup wastes the first step at lr 0). noam warms up by itself in T steps: give it none.\n"
          "Its lr is a factor, 1 in the paper, and the peak is lr / sqrt(d T).",
      .reference = "hf: transformers 4 get_inverse_sqrt_schedule; noam: Vaswani et al. 2017, eq. 3",
      .flags = TUNER_PLUGIN_PURE};

  enum { kForm, kTimescale, kModelSize };
  enum { kHf, kNoam };
  static constexpr tuner::Param params[] = {
      tuner::choice("form", kForms, "HuggingFace's or the Transformer paper's"),
      tuner::integer("timescale", 0, "T; 0: 10000 in form hf, 4000 in form noam").at_least(0).in("steps"),
      tuner::integer("model_size", 512, "d of form noam").at_least(1)};

  static double value(const tuner::Schedule& s) {
    const bool noam = s.options().choice(kForm) == kNoam;
    const std::int64_t given = s.options().integer(kTimescale);
    const double timescale = given > 0 ? static_cast<double>(given) : noam ? 4000 : 10000;
    const auto t = static_cast<double>(s.step());
    if (!noam) return s.base() / std::sqrt((t + timescale) / timescale);
    const double n = t + 1;
    return s.base() / std::sqrt(s[kModelSize]) * std::min(1 / std::sqrt(n), n / (timescale * std::sqrt(timescale)));
  }
};

}  // namespace

TUNER_LIBRARY("inverse_sqrt", "1.0.0", "MIT", tuner::scheduler<InverseSqrt>)
