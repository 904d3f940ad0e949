#include "torch/loader.hpp"

#include <dlfcn.h>

#include <cfenv>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <string>

#include "torch/options.hpp"

namespace tuner::objectives::torch_objectives {

namespace {

EngineEntry* load_engine() {
  Dl_info self{};
  if (::dladdr(reinterpret_cast<const void*>(&load_engine), &self) == 0)
    throw std::runtime_error("the library of the objectives on LibTorch does not find its own file");
  const auto path = std::filesystem::path(self.dli_fname).parent_path() / kEngineFile;
  // OpenBLAS starts its threads when it is loaded, as many as the machine has, unless it is told.
  ::setenv("OPENBLAS_NUM_THREADS", "1", 0);
  // Start-up code of libraries may change the floating-point mode.
  std::fenv_t mode;
  std::fegetenv(&mode);
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  std::fesetenv(&mode);
  if (library == nullptr)
    throw std::runtime_error(std::string("LibTorch cannot be loaded: ") + ::dlerror() +
                             "; install libtorch-dev and build tuner again");
  auto* const entry = reinterpret_cast<EngineEntry*>(::dlsym(library, kEngineEntry));
  if (entry == nullptr)
    throw std::runtime_error("'" + path.string() + "' is not the engine of tuner's objectives on LibTorch");
  return entry;
}

}  // namespace

const tuner_objective* engine_objective(const char* id) {
  static std::mutex mutex;
  static EngineEntry* entry = nullptr;
  const std::lock_guard lock(mutex);
  if (entry == nullptr) entry = load_engine();
  const tuner_objective* objective = entry(id, kEngineVersion);
  if (objective == nullptr)
    throw std::runtime_error(std::string(kEngineFile) + " is of another version than the library beside it, " +
                             kEngineVersion + ": install both anew");
  return objective;
}

}  // namespace tuner::objectives::torch_objectives
