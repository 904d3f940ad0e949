// A subcommand: one file, one line in the table of main.cpp.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tuner::commands {

class Screen;

// What a subcommand gets: its words after the name, and where the program is.
struct Invocation {
  std::vector<std::string> words;
  std::filesystem::path executable;
  Screen* screen = nullptr;  // of a command that does nothing but print; it is begun when the words are read
};

// Each returns the exit code and throws Error. `--help` prints its own page.
int run(const Invocation& invocation);
int lr_range(const Invocation& invocation);
int plugins(const Invocation& invocation);
int studies(const Invocation& invocation);
int trials(const Invocation& invocation);
int show(const Invocation& invocation);
int logs(const Invocation& invocation);
int best(const Invocation& invocation);
int compare(const Invocation& invocation);
int importance(const Invocation& invocation);
int recommend(const Invocation& invocation);
int gap(const Invocation& invocation);
int delete_study(const Invocation& invocation);
int rename_study(const Invocation& invocation);
int archive(const Invocation& invocation);
int merge(const Invocation& invocation);
int note(const Invocation& invocation);
int tag(const Invocation& invocation);
int export_study(const Invocation& invocation);
int import_study(const Invocation& invocation);
int report(const Invocation& invocation);
int serve(const Invocation& invocation);
int curve(const Invocation& invocation);
int config(const Invocation& invocation);
int schema(const Invocation& invocation);
int convert(const Invocation& invocation);
int query(const Invocation& invocation);
int replay(const Invocation& invocation);
int fsck(const Invocation& invocation);
// Not for people: see worker.cpp.
int worker(const Invocation& invocation);

}  // namespace tuner::commands
