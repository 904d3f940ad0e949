#include "torch/lstm.hpp"

#include <ATen/ops/linear.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "torch/engine.hpp"
#include "torch/trained.hpp"

namespace tuner::objectives::torch_objectives {
namespace {

struct TrainedLstm : Lstm, Trained {
  using Shared = Images;
  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    const LabelledImages& images = *shared.samples;
    Declaration declare(layout, dtype_of(o));
    const std::int64_t hidden = o.integer(kHidden), gates = 4 * hidden;
    auto in = static_cast<std::int64_t>(images.columns());
    for (std::int64_t layer = 0; layer < o.integer(kLayers); ++layer) {
      const std::string number = std::to_string(layer);
      const std::int64_t input[] = {gates, in}, state[] = {gates, hidden};
      declare.tensor("lstm.weight_ih_l" + number, input, TUNER_ROLE_WEIGHT, in, hidden);
      declare.tensor("lstm.weight_hh_l" + number, state, TUNER_ROLE_WEIGHT, hidden, hidden);
      declare.tensor("lstm.bias_ih_l" + number, std::span(&gates, 1), TUNER_ROLE_BIAS, in, hidden);
      declare.tensor("lstm.bias_hh_l" + number, std::span(&gates, 1), TUNER_ROLE_BIAS, hidden, hidden);
      declare.next_layer();
      in = hidden;
    }
    const auto classes = static_cast<std::int64_t>(images.classes());
    declare.layer("dense", classes, hidden, 0, TUNER_ROLE_HEAD, classes);
    declare_splits(images, layout);
  }
  TrainedLstm(const Shared& shared, const Bind& bind)
      : Trained(bind, 1024),
        images_(*shared.samples),
        gathered_(images_, dtype_of(bind.options())),
        hidden_(bind.options().integer(kHidden)),
        layers_(bind.options().integer(kLayers)),
        forget_bias_(bind.options()[kForgetBias]) {
    for (std::size_t i = 0; i + 2 < tensor_count(); ++i) recurrent_.push_back(tensor(i));
  }
  void init(tuner_rng& rng) {
    const double bound_of_weights = 1 / std::sqrt(static_cast<double>(hidden_));
    for (std::size_t i = 0; i < tensor_count(); ++i) {
      const bool head = i + 2 >= tensor_count();
      const std::size_t part = head ? 2 * (i + 2 - tensor_count()) : i % 4;  // a weight, a weight, a bias, a bias
      if (part < 2)
        fill(bound(i), [&] { return uniform_within(rng, bound_of_weights); });
      else
        fill(bound(i), [] { return 0.0; });
      // Gates stand in the order i, f, g, o.
      if (!head && part == 2) recurrent_[i].detach().narrow(0, hidden_, hidden_).fill_(forget_bias_);
    }
  }
  void hvp(const HessianProduct& p) { product(p); }

 private:
  Outcome forward(const Piece& piece) override {
    gathered_.read(piece);
    const auto n = static_cast<std::int64_t>(piece.indices.size());
    const at::Tensor rows = gathered_.inputs().view(
        {n, static_cast<std::int64_t>(images_.rows()), static_cast<std::int64_t>(images_.columns())});
    const at::Tensor start = at::zeros({layers_, n, hidden_}, rows.options());
    const auto [outputs, h, c] =
        at::lstm(rows, {start, start}, recurrent_, true, layers_, 0, piece.training, false, true);
    const at::Tensor last = outputs.select(1, outputs.size(1) - 1);
    return classified(at::linear(last, tensor(tensor_count() - 2), tensor(tensor_count() - 1)), gathered_.labels(),
                      piece.with_metrics);
  }
  const LabelledImages& images_;
  Gathered gathered_;
  std::int64_t hidden_, layers_;
  double forget_bias_;
  std::vector<at::Tensor> recurrent_;
};

}  // namespace

const tuner_objective& lstm_functions() { return tuner::detail::kObjectiveVtable<TrainedLstm>; }

}  // namespace tuner::objectives::torch_objectives
