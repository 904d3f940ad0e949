// The JSON Schema and the reader give the same verdict on every text that the tests of the config language read.
#include <algorithm>

#include "config_reading.hpp"
#include "tuner/config/json_schema.hpp"
#include "validator.hpp"

namespace tuner::config {
namespace {

// What the reader refuses and a schema cannot see: by id, and a part of the message.
struct Blind {
  Message id;
  const char* part;
};
constexpr Blind kBlind[] = {
    // Between the keys of a range.
    {Message::config_bad_hole, "is empty: min"},
    {Message::config_bad_hole, "is wider than the range"},
    {Message::config_bad_hole, "into more than"},
    {Message::config_bad_hole, "fewer than count"},
    {Message::config_bad_hole, "meets the integer"},
    {Message::config_bad_hole, "is more than a number can hold"},
    {Message::config_bad_hole, "min and max leave less than"},
    {Message::config_bad_hole, "some of its values are not legal"},
    {Message::config_bad_hole, "and there are"},
    {Message::config_bad_hole, "add up to"},
    {Message::config_impossible, "and a grid has no values of one"},
    {Message::config_impossible, "and a grid takes each of its values once"},
    // Between a range, or a branch, and others.
    {Message::config_no_method, "is left to a search"},
    {Message::config_no_count, "is a range, and a grid"},
    {Message::config_grid_cut, "would leave some out"},
    // Between trials and repeats.
    {Message::config_bad_value, "the last configuration would have"},
    {Message::config_no_method, "is one configuration of"},
    {Message::config_equal_labels, "two branches"},
    // Between the lr and what scales it.
    {Message::config_impossible, "finds the lr of the batches"},
    {Message::config_impossible, "scales lr, and optimizer"},
    // Between a scheduler and the optimizers.
    {Message::config_impossible, "is to drive"},
    // Between a searcher's keys, trials and the search parameters.
    {Message::config_impossible, "none would see a result"},
    {Message::config_impossible, "the file has no search parameter"},
    {Message::config_impossible, "judges single trials"},
    {Message::config_unknown_key, "there is no search parameter"},
    {Message::config_bad_value, "may be "},
    {Message::config_bad_value, "is no value of"},
    {Message::config_impossible, "and start does not say so"},
    {Message::config_impossible, "this stage has no end"},
    {Message::config_impossible, "the last stage lasts"},
    {Message::config_bad_value, "the range of lr_range is empty"},
    // Between the parameters and metrics of a program, and in its patterns.
    {Message::config_duplicate_key, "for the program"},
    {Message::config_duplicate_key, "both called"},
    {Message::config_bad_hole, "are written as integers"},
    {Message::config_bad_value, "is a macro"},
    {Message::config_bad_value, "cannot name a parameter"},
    {Message::config_bad_value, "is set by tuner"},
    {Message::config_bad_value, "which is no parameter"},
    {Message::config_bad_value, "is not one number for all trials"},
    {Message::config_missing_key, "nothing says which"},
    {Message::config_unknown_metric, "the program has no metric"},
    {Message::config_bad_value, "finds no number"},
    {Message::config_missing_key, "has a file and no pattern"},
    {Message::config_impossible, "is for objectives that are plugins"},
    {Message::config_impossible, "is for trainings"},
    // Between the LR range test and the parameters of a program.
    {Message::config_bad_hole, "takes no {from: lr_range}"},
    {Message::config_missing_key, "an LR range test makes short ones"},
    {Message::config_missing_key, "which an LR range test could test"},
    {Message::config_impossible, "is to be tested as the lr"},
    // What plugins alone know.
    {Message::config_impossible, "so there is none to test"},
    {Message::config_impossible, "as a ramp needs it"},
    {Message::config_impossible, "an LR range test measures the loss"},
    {Message::config_impossible, "finds the outermost lr"},
    {Message::config_impossible, "has no lr that is legal"},
    {Message::config_impossible, "refuses its options"},
    {Message::config_impossible, "drives"},
    {Message::config_impossible, "asks for Hessian-vector products"},
    {Message::config_impossible, "compares evaluations of different steps"},
    {Message::config_impossible, "makes the gradient of every step of the one inside"},
    // JSON has one null, whether it is written or not, no quotes, and its strings have no size.
    {Message::config_wrong_type, "is nothing"},
    {Message::config_wrong_type, "the string \"search\""},
    {Message::config_bad_value, "more than a number can hold"},
    {Message::config_out_of_range, "memory_limit in bytes"},
};

const SchemaValidator& validator() {
  static const SchemaValidator made(json_schema(catalogue()));
  return made;
}

}  // namespace

void compare_with_schema(const std::string& text, const std::vector<std::string>& overrides, const Error* error) {
  Node root;
  try {
    root = parse_document(text, "sweep.yaml");
    for (const std::string& assignment : overrides) apply_override(root, assignment);
  } catch (const Error&) {
    return;  // no document that a schema could judge
  }
  const auto refusal = validator().refusal(root);
  if (error == nullptr) {
    EXPECT_FALSE(refusal) << "the reader takes this, the schema does not:\n" << text << *refusal;
    return;
  }
  const bool blind = std::ranges::any_of(kBlind, [&](const Blind& known) {
    return known.id == error->id() && error->message().find(known.part) != std::string::npos;
  });
  EXPECT_TRUE(refusal || blind) << "the schema takes this, the reader does not:\n" << text << error->what();
}

}  // namespace tuner::config
