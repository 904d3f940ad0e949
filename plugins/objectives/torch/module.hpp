// A TorchScript module as a file and as what a trial computes with.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

#include "tuner/abi.h"

namespace tuner::objectives::torch_objectives {

// A parameter or a buffer.
struct ModuleTensor {
  std::vector<std::string> names;  // several where modules share a tensor
  at::Tensor value;
  bool buffer;
  bool frozen;
};

// Immutable after construction; any number of threads may read.
class ModuleFile {
 public:
  // Errors (std::runtime_error, naming the file and what to do): it cannot be read, is no TorchScript module, has no
  // parameter to train, one of another type than f32 and f64 or several types, or a forward() that is not
  // (inputs: Tensor, targets: Tensor) -> Tensor or Dict[str, Tensor].
  explicit ModuleFile(const std::string& path);

  // A module of its own.
  [[nodiscard]] torch::jit::Module load() const;
  // What the host keeps: parameters, then buffers of f32 and f64, in the order of the module's own tables.
  [[nodiscard]] static std::vector<ModuleTensor> tensors_of(const torch::jit::Module& module);
  // The other buffers.
  [[nodiscard]] static std::vector<ModuleTensor> counters_of(const torch::jit::Module& module);
  // TUNER_DTYPE_..., that of all parameters.
  [[nodiscard]] std::uint32_t dtype() const { return dtype_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // Whether forward() uses a generator of random numbers.
  [[nodiscard]] bool is_random() const { return random_; }

 private:
  std::string path_, bytes_;
  std::uint32_t dtype_ = 0;
  bool random_ = false;
};

// The tensor of a name with the names of submodules before it, "encoder.weight".
[[nodiscard]] at::Tensor get_tensor(const torch::jit::Module& module, const std::string& name);
void set_tensor(const torch::jit::Module& module, const std::string& name, const at::Tensor& tensor);

}  // namespace tuner::objectives::torch_objectives
