// Macros in a program's command, and values as a program reads them.
#include "tuner/program/macros.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tuner/error.hpp"

namespace tuner::program {
namespace {

using Words = std::vector<std::string>;

Program program_of(Words command) {
  Program program;
  program.command = std::move(command);
  program.script = "train.py";
  program.parameters = {{.name = "lr", .setting = Value(0.001)},
                        {.name = "big", .setting = Value(true)},
                        {.name = "small", .setting = Value(false)},
                        {.name = "none", .setting = Value(Null{})},
                        {.name = "sizes", .setting = Value(List{std::int64_t{1}, std::int64_t{2}})}};
  return program;
}

MacroValues values_of(const Program& program) {
  return {.parameters = active_parameters(program, {}, {}),
          .study = "s",
          .trial = 7,
          .seed = 11,
          .replicate = 2,
          .worker = 3,
          .device = "0,1",
          .checkpoint = "/ck/7",
          .parameters_file = "/p.json"};
}

Words expanded(Words command) {
  const Program program = program_of(std::move(command));
  for (const std::string& element : program.command) check_macros(element, true, program, {}, true);
  return expand_command(program, values_of(program));
}

TEST(Macros, Arguments) {
  EXPECT_EQ(expanded({"x", "${args}"}), (Words{"x", "--lr=0.001", "--big=true", "--small=false", "--sizes=[1, 2]"}));
  EXPECT_EQ(expanded({"${args_no_hyphens}"}), (Words{"lr=0.001", "big=true", "small=false", "sizes=[1, 2]"}));
  EXPECT_EQ(expanded({"${args_no_equals}"}),
            (Words{"--lr", "0.001", "--big", "true", "--small", "false", "--sizes", "[1, 2]"}));
  EXPECT_EQ(expanded({"${args_no_boolean_flags}"}), (Words{"--lr=0.001", "--big", "--sizes=[1, 2]"}));
  EXPECT_EQ(expanded({"${args_append_hydra}"}), (Words{"+lr=0.001", "+big=true", "+small=false", "+sizes=[1, 2]"}));
  EXPECT_EQ(expanded({"${args_override_hydra}"})[0], "++lr=0.001");
  EXPECT_EQ(expanded({"${args_json}"}),
            Words{R"({"lr": 0.001, "big": true, "small": false, "none": null, "sizes": [1, 2]})"});
  EXPECT_EQ(expanded({"--config=${args_json_file}"}), Words{"--config=/p.json"});
}

TEST(Macros, SingleOnesStandWithinAnElement) {
  EXPECT_EQ(expanded({"${study}/${trial}-${seed}-${replicate}-${worker}"}), Words{"s/7-11-2-3"});
  EXPECT_EQ(expanded({"${device}", "${checkpoint}", "${env}", "${program}"}),
            (Words{"0,1", "/ck/7", "/usr/bin/env", "train.py"}));
  EXPECT_EQ(expanded({"a${lr}b${none:-}c${none:-x}"}), Words{"a0.001bcx"});
  EXPECT_EQ(expanded({"$${lr} $x ${lr}$"}), Words{"${lr} $x 0.001$"});
  ::setenv("TUNER_MACROS_TEST", "there", 1);
  EXPECT_EQ(expanded({"<${envvar:TUNER_MACROS_TEST}>"}), Words{"<there>"});
  EXPECT_EQ(environment_names(program_of({"${envvar:A}", "x${envvar:B}"})), (Words{"A", "B"}));
}

std::string error_of(const std::string& text, bool element = true, bool devices = false) {
  try {
    check_macros(text, element, program_of({}), {}, devices);
  } catch (const Error& error) {
    EXPECT_EQ(error.id(), Message::config_bad_macro);
    return error.message() + " | " + error.remedy();
  }
  return "none";
}

TEST(Macros, WhatIsNoneIsRefused) {
  EXPECT_EQ(error_of("${lrr}"), "there is no macro and no parameter ${lrr} | did you mean 'lr'?");
  EXPECT_EQ(error_of("${arg}"), "there is no macro and no parameter ${arg} | did you mean 'args'?");
  EXPECT_NE(error_of("x ${lr").find("no closing brace"), std::string::npos);
  EXPECT_NE(error_of("x${args}").find("stand beside it"), std::string::npos);
  EXPECT_NE(error_of("${args}", false).find("several arguments"), std::string::npos);
  EXPECT_NE(error_of("${none}").find("${none:-}"), std::string::npos);
  EXPECT_NE(error_of("${device}").find("workers: {count: n, devices: [0, 1]}"), std::string::npos);
  EXPECT_EQ(error_of("${device}", true, true), "none");
  EXPECT_NE(error_of("${envvar}").find("no macro"), std::string::npos);
}

TEST(Macros, AConditionalParameterNeedsAText) {
  Program program;
  const Space space{{{"o", Branches{{"x", "y"}}, {}, 0}}};
  program.parameters = {{.name = "o",
                         .setting = SearchParameter{0},
                         .branches = {{{.name = "m", .setting = Value(1.0)}, {.name = "both", .setting = Value(1.0)}},
                                      {{.name = "both", .setting = Value(2.0)}}}}};
  EXPECT_THROW(check_macros("${m}", true, program, space, false), Error);
  EXPECT_NO_THROW(check_macros("${m:-}", true, program, space, false));
  EXPECT_NO_THROW(check_macros("${both} ${o}", true, program, space, false)) << "every branch has it";
}

TEST(ProgramValues, AsAProgramReadsThem) {
  EXPECT_EQ(text_of(Value(1e-5)), "1e-05");
  EXPECT_EQ(text_of(Value(0.1 + 0.2)), "0.30000000000000004");
  EXPECT_EQ(text_of(Value(32.0)), "32");
  EXPECT_EQ(text_of(Value(-100000.0)), "-100000");
  EXPECT_EQ(text_of(Value(std::int64_t{32})), "32");
  EXPECT_EQ(text_of(Value(true)), "true");
  EXPECT_EQ(text_of(Value(std::string("a b"))), "a b");
  EXPECT_EQ(text_of(Value(Null{})), "");
  EXPECT_EQ(text_of(Value(List{0.5, std::string("x")})), "[0.5, \"x\"]");
  EXPECT_EQ(variable_of("weight-decay.2"), "TUNER_PARAM_WEIGHT_DECAY_2");
}

TEST(ProgramValues, SeedsAreDifferentAndAlwaysTheSame) {
  EXPECT_EQ(seed_of(1, 0), seed_of(1, 0));
  EXPECT_NE(seed_of(1, 0), seed_of(1, 1));
  EXPECT_NE(seed_of(1, 0), seed_of(2, 0));
  for (std::uint64_t n = 0; n < 1000; ++n) EXPECT_LT(seed_of(3, n), 1u << 31);
}

}  // namespace
}  // namespace tuner::program
