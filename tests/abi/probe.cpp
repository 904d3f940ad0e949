// What `tuner --probe-plugin FILE` is for the program: the child that tries a library.
#include <string_view>

#include "tuner/library.hpp"

int main(int argc, char** argv) {
  return argc == 3 && std::string_view(argv[1]) == "--probe-plugin" ? tuner::answer_probe(argv[2]) : 2;
}
