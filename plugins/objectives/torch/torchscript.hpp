// A module of the user, exported by PyTorch as TorchScript: what the objective says about itself.
#pragma once

#include "table_options.hpp"
#include "torch/options.hpp"

namespace tuner::objectives::torch_objectives {

struct TorchScript {
  static constexpr std::size_t kMostLosses = 4;
  static constexpr tuner::Info info{
      .id = "torchscript",
      .name = "TorchScript module",
      .version = kEngineVersion,
      .doc = "a module of your own with its loss, saved by torch.jit.script(module).save(FILE)",
      .details =
          "forward(inputs, targets) -> the loss, a tensor of one element and the mean over the batch; or Dict[str, "
          "Tensor] of at\n"
          "most four such losses.  inputs: samples x 1 x rows x columns for images, samples x columns for a table, of "
          "the type\n"
          "of the first parameter;  targets: class numbers (int64), or with targets: number the target column.\n"
          "loss = the weighted sum of the named losses, in the order of their names;  combine: mgda as of torch_vae.\n"
          "loss_1 to loss_4 are the named losses in that order, 0 for those that there are not.\n"
          "init  file: parameters start as saved;  fan_in: those of two or more extents are drawn uniformly within\n"
          "+-1 / sqrt(fan_in) for every trial, the others start as saved.\n"
          "Parameters with requires_grad False are frozen. Buffers of floating-point numbers are the trial's state and "
          "move once\n"
          "a step; others are as saved in every evaluation. Random operations draw from generators that the trial's "
          "stream\n"
          "seeds in every evaluation. A batch is one call of forward. One thread; no hvp.",
      .reference = "torch.jit (PyTorch 1.13); Desideri 2012 and Sener, Koltun 2018, eq. 3 for mgda"};
  static constexpr const char* kDatasets[] = {"fashion_mnist", "idx", "csv"};
  static constexpr const char* kTargets[] = {"label", "number"};
  static constexpr const char* kInits[] = {"file", "fan_in"};
  static constexpr Param kModuleParam[] = {text("module", nullptr, "file of the module")
                                               .with(TUNER_PARAM_DATA | TUNER_PARAM_PATH | TUNER_PARAM_REQUIRED)
                                               .structural()};
  static constexpr Param kOwn[] = {
      choice("targets", kTargets, "of dataset: csv: label: the target column holds classes; number: numbers")
          .with(TUNER_PARAM_DATA)
          .structural(),
      choice("init", kInits, "where parameters start").structural()};
  // module last: the indices of the data options stay those of the other objectives.
  static constexpr std::size_t kTargetKind = kDtype, kInit = kTargetKind + 1, kMore = kInit + 1;
  static constexpr std::size_t kTable = kMore + std::size_t{kCombineOptions};
  static constexpr auto kDataTable = [] {
    ParamTable<kDtype> table{};
    for (std::size_t i = 0; i < kDtype; ++i) table.items[i] = kClassifierParams[i];
    table.items[kDataset] =
        choice("dataset", kDatasets,
               "fashion_mnist: as Debian installs it; idx: any images in MNIST's four files, in data_dir; csv: the "
               "table data_file")
            .with(TUNER_PARAM_DATA)
            .structural();
    return table;
  }();
  static constexpr auto kOptions = joined(kDataTable.items, kOwn, kCombineParams, kTableParams.items, kModuleParam);
  static constexpr auto& params = kOptions.items;
  static constexpr std::size_t kModuleOption = std::size(kOptions.items) - 1;
  static constexpr Metric metrics[] = {metric("loss_1", TUNER_MINIMIZE, "the first of the module's named losses"),
                                       metric("loss_2", TUNER_MINIMIZE, "the second"),
                                       metric("loss_3", TUNER_MINIMIZE, "the third"),
                                       metric("loss_4", TUNER_MINIMIZE, "the fourth")};
  static constexpr bool has_hvp = false;

  static bool is_table(const Options& o) { return o.choice(kDataset) == 2; }
  static TargetKind target_kind(const Options& o) {
    return o.choice(kTargetKind) == 1 ? TargetKind::number : TargetKind::label;
  }
  static void check(const Options& o) {
    if (is_table(o) && !o.text(kDataDir).empty())
      throw Invalid("data_dir is the folder of images, and dataset: csv reads data_file");
    if (!is_table(o) && !o.text(kTable + kDataFile).empty())
      throw Invalid("data_file is a table, which is read with dataset: csv");
    if (!is_table(o) && o.choice(kTargetKind) == 1)
      throw Invalid("targets: number is the target column of a table, and images have labels: leave it out");
    if (is_table(o))
      (void)table_source(o, kTable, target_kind(o));
    else
      require_folder(o);
    if (o.reals(kMore + kWeights).size() > kMostLosses)
      throw Invalid("weights has " + std::to_string(o.reals(kMore + kWeights).size()) +
                    " numbers, and a module gives at most 4 losses");
  }
};

}  // namespace tuner::objectives::torch_objectives
