#include "torch/module.hpp"

#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/serialization/import.h>

#include <sstream>
#include <stdexcept>

#include "data/file.hpp"
#include "torch/errors.hpp"

namespace tuner::objectives::torch_objectives {

namespace {

std::string contents_of(const std::string& path) {
  DataFile file(path);
  std::string bytes;
  char buffer[1 << 16];
  for (std::size_t n = file.read(buffer, sizeof buffer); n > 0; n = file.read(buffer, sizeof buffer))
    bytes.append(buffer, n);
  return bytes;
}

bool draws(const torch::jit::Block& block) {
  for (const torch::jit::Node* node : block.nodes()) {
    if (node->isNondeterministic()) return true;
    for (const torch::jit::Block* inner : node->blocks())
      if (draws(*inner)) return true;
  }
  return false;
}

bool is_loss(const c10::TypePtr& type) {
  if (type->kind() == c10::TypeKind::TensorType) return true;
  if (type->kind() != c10::TypeKind::DictType) return false;
  const auto dict = type->expect<c10::DictType>();
  return dict->getKeyType()->kind() == c10::TypeKind::StringType &&
         dict->getValueType()->kind() == c10::TypeKind::TensorType;
}

// Of all arguments but self, in the words of Python.
std::string types_of(const std::vector<c10::Argument>& arguments) {
  std::string types;
  for (std::size_t i = 1; i < arguments.size(); ++i)
    types += (i == 1 ? "" : ", ") + arguments[i].type()->annotation_str();
  return types;
}

// Of the file's forward(), in the words of Python.
void require_signature(const torch::jit::Module& module, const std::string& path) {
  const auto forward = module.find_method("forward");
  if (!forward)
    throw std::runtime_error("'" + path + "' has no forward(): " + "it must be forward(self, inputs, targets)");
  const auto& schema = forward->function().getSchema();
  const auto& arguments = schema.arguments();
  const auto is_tensor = [](const c10::Argument& a) { return a.type()->kind() == c10::TypeKind::TensorType; };
  if (arguments.size() != 3 || !is_tensor(arguments[1]) || !is_tensor(arguments[2]))
    throw std::runtime_error("forward() of '" + path + "' takes (" + types_of(arguments) +
                             "): it must take two tensors, inputs and targets");
  if (schema.returns().size() != 1 || !is_loss(schema.returns()[0].type()))
    throw std::runtime_error("forward() of '" + path + "' returns " +
                             (schema.returns().empty() ? "nothing" : schema.returns()[0].type()->annotation_str()) +
                             ": it must return the loss, a Tensor or a Dict[str, Tensor]");
}

std::uint32_t dtype_of(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kFloat) return TUNER_DTYPE_F32;
  return tensor.scalar_type() == at::kDouble ? TUNER_DTYPE_F64 : 0;
}

void add(std::vector<ModuleTensor>& tensors, const std::string& name, const at::Tensor& value, bool buffer) {
  for (ModuleTensor& other : tensors)
    if (other.value.is_same(value)) return other.names.push_back(name);
  tensors.push_back({{name}, value, buffer, !buffer && !value.requires_grad()});
}

// The submodule that a name leads to, and the rest of the name.
std::pair<torch::jit::Module, std::string> owner_of(torch::jit::Module module, std::string_view name) {
  for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    module = module.attr(std::string(name.substr(0, dot))).toModule();
    name.remove_prefix(dot + 1);
  }
  return {module, std::string(name)};
}

}  // namespace

ModuleFile::ModuleFile(const std::string& path) : path_(path), bytes_(contents_of(path)) {
  const torch::jit::Module module = load();
  require_signature(module, path_);
  bool trains = false;
  for (const ModuleTensor& t : tensors_of(module)) {
    const std::uint32_t own = dtype_of(t.value);
    if (t.buffer) continue;
    if (own == 0 || (dtype_ != 0 && own != dtype_))
      throw std::runtime_error("parameter '" + t.names[0] + "' of '" + path_ + "' is " +
                               std::string(c10::toString(t.value.scalar_type())) +
                               ": all must be float32, or all float64");
    dtype_ = own;
    trains = trains || !t.frozen;
  }
  if (!trains)
    throw std::runtime_error("'" + path_ +
                             "' has no parameter to train: an nn.Module keeps them as nn.Parameter, with "
                             "requires_grad");
  const auto graph = torch::jit::toGraphFunction(module.get_method("forward").function()).graph()->copy();
  torch::jit::Inline(*graph);
  random_ = draws(*graph->block());
}

torch::jit::Module ModuleFile::load() const {
  try {
    std::istringstream stream(bytes_);
    return torch::jit::load(stream, at::kCPU);
  } catch (const std::exception&) {
    // LibTorch's own words are about archives and pickles.
    throw std::runtime_error("'" + path_ +
                             "' is no TorchScript module: write it by torch.jit.script(module).save(FILE); torch.save "
                             "writes something else");
  }
}

std::vector<ModuleTensor> ModuleFile::tensors_of(const torch::jit::Module& module) {
  std::vector<ModuleTensor> tensors;
  for (const auto& p : module.named_parameters()) add(tensors, p.name, p.value, false);
  for (const auto& b : module.named_buffers())
    if (dtype_of(b.value) != 0) add(tensors, b.name, b.value, true);
  return tensors;
}

std::vector<ModuleTensor> ModuleFile::counters_of(const torch::jit::Module& module) {
  std::vector<ModuleTensor> tensors;
  for (const auto& b : module.named_buffers())
    if (dtype_of(b.value) == 0) add(tensors, b.name, b.value, true);
  return tensors;
}

at::Tensor get_tensor(const torch::jit::Module& module, const std::string& name) {
  const auto [owner, last] = owner_of(module, name);
  return owner.attr(last).toTensor();
}

void set_tensor(const torch::jit::Module& module, const std::string& name, const at::Tensor& tensor) {
  auto [owner, last] = owner_of(module, name);
  owner.setattr(last, tensor);
}

}  // namespace tuner::objectives::torch_objectives
