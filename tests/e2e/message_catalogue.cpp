// Every message of the catalogue is raised by some end-to-end case, which is itself a test: so every one has been seen.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "tuner/messages.hpp"

int main() {
  std::string cases;
  for (const auto& entry : std::filesystem::directory_iterator(TUNER_SOURCE_DIR "/tests/e2e/cases")) {
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    cases += text.str();
  }
  int missing = 0, all = 0;
  for (const char* id : {
#define TUNER_MESSAGE(name, text) text,
           TUNER_MESSAGES(TUNER_MESSAGE)
#undef TUNER_MESSAGE
       }) {
    ++all;
    if (cases.find("error[" + std::string(id) + "]") != std::string::npos) continue;
    ++missing;
    std::cout << "no case in tests/e2e/cases raises " << id << "\n";
  }
  std::cout << all - missing << " of " << all << " messages are raised\n";
  return missing == 0 && all > 0 ? 0 : 1;
}
