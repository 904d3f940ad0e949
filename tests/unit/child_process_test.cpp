#include "tuner/child_process.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <system_error>

namespace tuner {
namespace {

std::string read_all(const Descriptor& from) {
  std::string text;
  char bytes[256];
  for (ssize_t n = 0; (n = ::read(from.get(), bytes, sizeof bytes)) > 0;)
    text.append(bytes, static_cast<std::size_t>(n));
  return text;
}

// What a shell prints that runs `script`; its exit code in `code`.
std::string shell(const std::string& script, Launch what = {}, int* code = nullptr) {
  Pipe output;
  what.program = "/bin/sh";
  what.arguments = {"-c", script};
  what.descriptors.emplace_back(output.write.get(), STDOUT_FILENO);
  const pid_t child = launch(what);
  output.write.reset();
  std::string text = read_all(output.read);
  const int status = wait_for(child);
  if (code != nullptr) *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return text;
}

TEST(ChildProcess, RunsItsWordsAndEndsWithItsCode) {
  int code = 0;
  EXPECT_EQ(shell("echo \"$0 done\"; exit 7", {}, &code), "/bin/sh done\n");
  EXPECT_EQ(code, 7);
}

TEST(ChildProcess, StandardInputIsEmpty) { EXPECT_EQ(shell("cat; echo end"), "end\n"); }

TEST(ChildProcess, DescriptorsAreFoundUnderTheirNumbersAndNoOthers) {
  Pipe first, second;
  // Crosswise: each takes the number that the other one has.
  Launch what{.program = {},
              .descriptors = {{first.write.get(), second.write.get()}, {second.write.get(), first.write.get()}}};
  const std::string script = "echo one >&" + std::to_string(second.write.get()) + "; echo two >&" +
                             std::to_string(first.write.get()) + "; ls /proc/self/fd | wc -l";
  // Those that any child has, whoever started this test, and the two above.
  EXPECT_EQ(std::stol(shell(script, what)), std::stol(shell("ls /proc/self/fd | wc -l")) + 2);
  first.write.reset();
  second.write.reset();
  EXPECT_EQ(read_all(first.read), "one\n");
  EXPECT_EQ(read_all(second.read), "two\n");
}

TEST(ChildProcess, VariablesTakeThePlaceOfOurs) {
  ::setenv("TUNER_CHILD_TEST", "ours", 1);
  EXPECT_EQ(shell("echo $TUNER_CHILD_TEST"), "ours\n");
  EXPECT_EQ(shell("echo $TUNER_CHILD_TEST $TUNER_CHILD_TEST_2",
                  {.program = {}, .environment = {"TUNER_CHILD_TEST=given", "TUNER_CHILD_TEST_2=too"}}),
            "given too\n");
  ::unsetenv("TUNER_CHILD_TEST");
}

TEST(ChildProcess, AGroupOfItsOwn) {
  const std::string own = shell("echo $$; ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat",
                                {.program = {}, .own_group = true});
  const std::size_t line = own.find('\n');
  EXPECT_EQ(std::stol(own.substr(0, line)), std::stol(own.substr(line + 1)));
  EXPECT_EQ(std::stol(shell("cut -d' ' -f5 /proc/$$/stat")), ::getpgrp());
}

TEST(ChildProcess, AProgramThatIsNotThere) {
  try {
    (void)launch({.program = "/no/such/program"});
    FAIL();
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code().value(), ENOENT);
    EXPECT_STREQ(e.what(), "/no/such/program: No such file or directory");
  }
}

}  // namespace
}  // namespace tuner
