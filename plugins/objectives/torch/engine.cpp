// The library that needs LibTorch. torch_objectives.so loads it when an objective of it is opened.
#include "torch/engine.hpp"

#include <ATen/Parallel.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <string_view>

#include "torch/convnet.hpp"
#include "torch/logreg.hpp"
#include "torch/lstm.hpp"
#include "torch/mlp.hpp"
#include "torch/torchscript.hpp"
#include "torch/trained.hpp"
#include "torch/vae.hpp"

namespace tuner::objectives::torch_objectives {
namespace {

struct Entry {
  const char* id;
  const tuner_objective& (*functions)();
};
constexpr Entry kEntries[] = {{Logreg::info.id, logreg_functions},
                              {Mlp::info.id, mlp_functions},
                              {TwoConvolutions::info.id, convnet_functions},
                              {Vae::info.id, vae_functions},
                              {Lstm::info.id, lstm_functions},
                              {TorchScript::info.id, torchscript_functions}};

// Once in a process, before anything is computed.
bool set_up() {
  at::set_num_threads(1);
  at::set_num_interop_threads(1);
  // Graphs that are optimized after their first runs give other bits then; a trial that is resumed begins anew.
  torch::jit::getProfilingMode() = false;
  return true;
}

}  // namespace
}  // namespace tuner::objectives::torch_objectives

extern "C" TUNER_EXPORT const tuner_objective* tuner_torch_engine(const char* id, const char* version) {
  using namespace tuner::objectives::torch_objectives;
  if (std::string_view(version) != kEngineVersion) return nullptr;
  static const bool ready = set_up();
  (void)ready;
  for (const Entry& entry : kEntries)
    if (std::string_view(id) == entry.id) return &entry.functions();
  return nullptr;
}
