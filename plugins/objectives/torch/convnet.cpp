#include "torch/convnet.hpp"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

#include "torch/engine.hpp"
#include "torch/trained.hpp"

namespace tuner::objectives::torch_objectives {
namespace {

std::int64_t half(std::int64_t extent) { return (extent + 1) / 2; }

// Samples that are computed together. What each layer keeps of more of them is over the size from which the C library
// takes memory from the system anew each time.
constexpr std::size_t kPiece = 128;

struct TrainedConvnet : TwoConvolutions, Trained {
  using Shared = Images;
  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    const LabelledImages& images = *shared.samples;
    Declaration declare(layout, dtype_of(o));
    const auto channels = o.integers(kChannels);
    const std::int64_t hidden = o.integer(kHidden), classes = static_cast<std::int64_t>(images.classes());
    const std::int64_t rows = half(half(static_cast<std::int64_t>(images.rows())));
    const std::int64_t columns = half(half(static_cast<std::int64_t>(images.columns())));
    declare.layer("conv1", channels[0], 1, 5, TUNER_ROLE_CONV, channels[0]);
    declare.layer("conv2", channels[1], channels[0], 5, TUNER_ROLE_CONV, channels[1]);
    declare.layer("dense1", hidden, channels[1] * rows * columns, 0, TUNER_ROLE_WEIGHT, hidden);
    declare.layer("dense2", classes, hidden, 0, TUNER_ROLE_HEAD, classes);
    declare_splits(images, layout);
  }
  TrainedConvnet(const Shared& shared, const Bind& bind)
      : Trained(bind, kPiece),
        images_(*shared.samples),
        gathered_(images_, dtype_of(bind.options())),
        init_std_(bind.options()[kInitStd]),
        init_bias_(bind.options()[kInitBias]) {}
  void init(tuner_rng& rng) {
    for (std::size_t i = 0; i < tensor_count(); i += 2) {
      fill(bound(i), [&] { return truncated_normal(rng, init_std_); });
      fill(bound(i + 1), [&] { return init_bias_; });
    }
  }
  void hvp(const HessianProduct& p) { product(p); }

 private:
  Outcome forward(const Piece& piece) override {
    gathered_.read(piece);
    at::Tensor a = gathered_.inputs().view(
        {-1, 1, static_cast<std::int64_t>(images_.rows()), static_cast<std::int64_t>(images_.columns())});
    for (const std::size_t layer : {0u, 2u}) {
      a = at::conv2d(a, tensor(layer), tensor(layer + 1), 1, 2);
      a = at::max_pool2d(at::relu(a), 2, 2, 0, 1, true);
    }
    a = at::relu(at::linear(a.flatten(1), tensor(4), tensor(5)));
    return classified(at::linear(a, tensor(6), tensor(7)), gathered_.labels(), piece.with_metrics);
  }
  const LabelledImages& images_;
  Gathered gathered_;
  double init_std_, init_bias_;
};

}  // namespace

const tuner_objective& convnet_functions() { return tuner::detail::kObjectiveVtable<TrainedConvnet>; }

}  // namespace tuner::objectives::torch_objectives
