// The slots that the host keeps for an optimizer, and what reaches it in a call.
#include <cstring>

#include "trial_fixture.hpp"
#include "tuner/objective.hpp"
#include "tuner/optimizer.hpp"

namespace tuner::test {
namespace {

TensorSpec spec_of(const char* name, std::vector<std::int64_t> shape, std::uint32_t dtype = TUNER_DTYPE_F64,
                   std::uint32_t flags = 0) {
  TensorSpec spec;
  spec.name = name;
  spec.shape = std::move(shape);
  spec.dtype = dtype;
  spec.flags = flags;
  return spec;
}
// 2 x 3 doubles, 4 floats, and a frozen tensor.
std::vector<TensorSpec> three_tensors() {
  return {spec_of("matrix", {2, 3}), spec_of("vector", {4}, TUNER_DTYPE_F32),
          spec_of("frozen", {5}, TUNER_DTYPE_F64, TUNER_TENSOR_FROZEN)};
}

struct State {
  explicit State(PluginUse of, std::vector<TensorSpec> specs = three_tensors())
      : use(std::move(of)), tensors(std::move(specs)), optimizer(use, tensors, 1, 0) {}
  template <class T>
  std::vector<T> values(std::size_t slot, std::size_t tensor = 0) const {
    const auto view = optimizer.slot(slot, tensor);
    const auto* data = static_cast<const T*>(view.data);
    return {data, data + view.count};
  }
  PluginUse use;
  Tensors tensors;
  Optimizer optimizer;
};

enum { kPlain, kSingle, kPerTensor, kGlobal, kHistory, kSquare };

TEST(Slots, HaveTheTypeExtentAndFillThatThePluginDeclares) {
  const State state(optimizer("stateful"));
  EXPECT_EQ(state.values<double>(kPlain, 0), std::vector<double>(6, 0));
  EXPECT_EQ(state.values<float>(kPlain, 1), std::vector<float>(4, 0));
  EXPECT_EQ(state.optimizer.slot(kPlain, 0).dtype, TUNER_DTYPE_F64);
  EXPECT_EQ(state.optimizer.slot(kPlain, 1).dtype, TUNER_DTYPE_F32);
  EXPECT_EQ(state.values<float>(kSingle, 0), std::vector<float>(6, 2.5f));
  EXPECT_EQ(state.values<float>(kSingle, 1), std::vector<float>(4, 2.5f));
  EXPECT_EQ(state.values<std::int64_t>(kPerTensor, 0), (std::vector<std::int64_t>{-3, -3})) << "its extent is the rank";
  EXPECT_EQ(state.values<std::int64_t>(kPerTensor, 1), (std::vector<std::int64_t>{-3}));
  EXPECT_EQ(state.values<double>(kGlobal), std::vector<double>{7});
}

TEST(Slots, AreMultipliedByACount) {
  const State none(optimizer("stateful")), four(optimizer("stateful", {{"history", 4}}));
  EXPECT_EQ(none.optimizer.slot(kHistory, 0).count, 0u);
  EXPECT_EQ(none.optimizer.slot(kHistory, 0).data, nullptr);
  EXPECT_EQ(four.values<double>(kHistory, 0), std::vector<double>(24, 1));
  EXPECT_EQ(four.values<float>(kHistory, 1), std::vector<float>(16, 1));
}

TEST(Slots, OfTheWholeSeeAllTensors) {
  const State state(optimizer("stateful"));
  EXPECT_EQ(state.optimizer.slot(kSquare).count, 15u * 15) << "n x n over 6 + 4 + 5 elements";
  const Error error = error_of([] { const State refused(optimizer("stateful", {{"limit", 14}})); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "optimizer 'stateful' cannot train this objective: too many elements"));
}

TEST(Slots, FrozenTensorsHaveNone) {
  const State state(optimizer("stateful", {{"history", 2}}));
  for (const std::size_t slot : {kPlain, kSingle, kPerTensor, kHistory}) {
    EXPECT_EQ(state.optimizer.slot(slot, 2).data, nullptr) << slot;
    EXPECT_EQ(state.optimizer.slot(slot, 2).count, 0u) << slot;
  }
}

TEST(Slots, AreAlignedAndCounted) {
  const State state(optimizer("stateful"));
  for (const std::size_t slot : {kPlain, kSingle, kPerTensor, kGlobal, kSquare})
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(state.optimizer.slot(slot, 0).data) % 64, 0u) << slot;
  const std::uint64_t bytes = 6 * 8 + 4 * 4 + (6 + 4) * 4 + (2 + 1) * 8 + 8 + 225 * 8;
  EXPECT_EQ(state.optimizer.state_bytes(), bytes);
  const State wrapper(wrapped(optimizer("repeated"), optimizer("stateful")));
  EXPECT_EQ(wrapper.optimizer.state_bytes(), bytes) << "the inner one's";
}

TEST(Slots, OfOneTensorAreStillFoundByTensor) {
  const State state(optimizer("stateful"), {spec_of("x", {3})});
  EXPECT_EQ(state.values<double>(kPlain, 0).size(), 3u);
}

TEST(Inner, HasItsOwnState) {
  State state(wrapped(optimizer("repeated", {{"times", 3}}), optimizer("averaged", {{"lr", 1}})), {spec_of("x", {1})});
  auto* x = static_cast<double*>(state.tensors.data(0));
  *static_cast<double*>(state.tensors.grad(0)) = 1;
  HostServices host;
  StepInputs inputs;
  inputs.host = host.abi();
  tuner_error error{};
  ASSERT_EQ(state.optimizer.step(inputs, &error), TUNER_OK) << error.text;
  EXPECT_EQ(*x, -3);
  ASSERT_NE(state.optimizer.inner(), nullptr);
  EXPECT_EQ(*static_cast<double*>(state.optimizer.inner()->slot(0).data), -1 - 2 - 3);
  EXPECT_EQ(host.reports.size(), 1u) << "the wrapper's own";
}

// Both add one uniform draw of their rng.
TEST(Inner, DrawsRandomNumbersOfItsOwn) {
  const auto draw = [](PluginUse of) {
    State state(std::move(of), {spec_of("x", {1})});
    HostServices host;
    StepInputs inputs;
    inputs.host = host.abi();
    tuner_error error{};
    EXPECT_EQ(state.optimizer.step(inputs, &error), TUNER_OK) << error.text;
    return *static_cast<double*>(state.tensors.data(0));
  };
  const auto noisy = [] { return optimizer("recorder", {{"noise", true}}); };
  const auto once = [](PluginUse of) { return wrapped(optimizer("repeated", {{"times", 1}}), std::move(of)); };
  tuner_rng stream{};
  stream.struct_size = sizeof stream;
  stream.purpose = TUNER_RNG_OPTIMIZER;
  stream.seed = 1;
  EXPECT_EQ(draw(noisy()), tuner_rng_uniform_at(&stream, 0)) << "the outermost has the stream of the trial";
  const double inside = draw(once(noisy())), deeper = draw(once(once(noisy())));
  EXPECT_NE(inside, draw(noisy()));
  EXPECT_NE(deeper, inside);
  EXPECT_NE(deeper, draw(noisy()));
}

TEST(EvaluationPoint, LeavesParametersAlone) {
  State state(optimizer("averaged", {{"lr", 1}}), {spec_of("x", {2})});
  EXPECT_TRUE(state.optimizer.has_evaluation_point());
  auto* x = static_cast<double*>(state.tensors.data(0));
  x[0] = 10;
  x[1] = 20;
  std::fill_n(static_cast<double*>(state.tensors.grad(0)), 2, 1.0);
  tuner_error error{};
  StepInputs inputs;
  ASSERT_EQ(state.optimizer.step(inputs, &error), TUNER_OK);
  ASSERT_EQ(state.optimizer.step(inputs, &error), TUNER_OK);
  double point[2] = {0, 0};
  void* outputs[] = {point};
  ASSERT_EQ(state.optimizer.evaluation_point(nullptr, 2, outputs, &error), TUNER_OK) << error.text;
  EXPECT_EQ(point[0], 8.5);
  EXPECT_EQ(point[1], 18.5);
  EXPECT_EQ(x[0], 8);
  EXPECT_EQ(x[1], 18);
  EXPECT_FALSE(State(optimizer("blind")).optimizer.has_evaluation_point());
}

TEST(Groups, MatchByRoleAndNameWithAStar) {
  const auto matching = [](std::vector<std::uint32_t> roles, std::vector<std::string> names) {
    GroupMatch match;
    match.roles = std::move(roles);
    match.names = std::move(names);
    TrialSpec spec = trial(objective("parts"), optimizer("recorder", {{"lr", 1}}, {{match, {{"lr", 2}}}}), 1);
    const TrialResult result = completed(std::move(spec));
    std::string matched;
    for (const char* name : {"first.weight", "first.bias", "second.weight", "second.bias"})
      matched += series(result, name).at(1) == -2 ? '1' : '0';
    return matched;
  };
  EXPECT_EQ(matching({}, {}), "1111") << "an empty list takes all";
  EXPECT_EQ(matching({TUNER_ROLE_BIAS}, {}), "0101");
  EXPECT_EQ(matching({TUNER_ROLE_BIAS, TUNER_ROLE_WEIGHT}, {}), "1111");
  EXPECT_EQ(matching({TUNER_ROLE_EMBEDDING}, {}), "0000");
  EXPECT_EQ(matching({}, {"first.*"}), "1100");
  EXPECT_EQ(matching({}, {"first.bias", "second.weight"}), "0110");
  EXPECT_EQ(matching({}, {"first"}), "0000") << "a whole name";
  EXPECT_EQ(matching({}, {"*"}), "1111");
  EXPECT_EQ(matching({TUNER_ROLE_BIAS}, {"first.*"}), "0100") << "role and name";
}

TEST(Roles, HaveNamesThatReadBack) {
  for (std::uint32_t role = TUNER_ROLE_UNKNOWN; role <= TUNER_ROLE_SCALAR; ++role)
    EXPECT_EQ(role_from(role_name(role)), role);
  EXPECT_EQ(role_from("bias"), TUNER_ROLE_BIAS);
  EXPECT_EQ(role_from("biases"), std::nullopt);
  EXPECT_EQ(role_name(1000), "unknown") << "of a newer plugin";
}

TEST(Outcomes, HaveNamesThatReadBack) {
  for (const Outcome o : {Outcome::completed, Outcome::pruned, Outcome::diverged, Outcome::failed, Outcome::timed_out,
                          Outcome::cancelled})
    EXPECT_EQ(outcome_from(to_string(o)), o);
  EXPECT_EQ(to_string(Outcome::timed_out), "timed_out");
  EXPECT_EQ(outcome_from("done"), std::nullopt);
  EXPECT_EQ(to_string(Goal::minimize), "minimize");
  EXPECT_EQ(to_string(Goal::maximize), "maximize");
}

TEST(Scratch, OfACallWithinACallIsGivenBackAlone) {
  HostServices host;
  const auto scratch = [&](std::uint64_t bytes) { return host.abi()->scratch(host.abi()->context, bytes); };
  void* outer = scratch(1000);
  ASSERT_NE(outer, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(outer) % 64, 0u);
  std::memset(outer, 1, 1000);
  const std::size_t mark = host.scratch_in_use();
  void* inner = scratch(100);
  EXPECT_NE(inner, outer);
  for (int call = 0; call < 3; ++call) {
    host.reset_scratch(mark);
    EXPECT_EQ(scratch(100), inner) << "no new memory";
  }
  EXPECT_EQ(static_cast<unsigned char*>(outer)[999], 1);
  host.reset_scratch();
  EXPECT_EQ(scratch(10), outer);
}

TEST(Host, KeepsLogAndReportsAndPassesOnTheStop) {
  std::stop_source stop;
  HostServices host;
  host.stop = stop.get_token();
  const tuner_host& abi = *host.abi();
  abi.log(abi.context, TUNER_LOG_INFO, "hello");
  EXPECT_EQ(abi.report(abi.context, "loss", 3, 0.5), TUNER_OK);
  EXPECT_EQ(abi.should_stop(abi.context), 0);
  EXPECT_EQ(abi.get_extension(abi.context, "tuner.hvp/1"), nullptr);
  stop.request_stop();
  EXPECT_EQ(abi.report(abi.context, "loss", 4, 0.25), TUNER_STOP);
  EXPECT_NE(abi.should_stop(abi.context), 0);
  EXPECT_EQ(host.log, std::vector<std::string>{"hello"});
  ASSERT_EQ(host.reports.size(), 2u);
  EXPECT_EQ(host.reports[0].step, 3);
  EXPECT_EQ(host.reports[1].value, 0.25);
  for (int i = 0; i < 2000; ++i) abi.log(abi.context, TUNER_LOG_INFO, "again");
  EXPECT_EQ(host.log.size(), 1000u) << "a plugin that logs every step does not fill the memory";
}

}  // namespace
}  // namespace tuner::test
