// Is docs/optimizers.md what the plugins say now? Times in it are taken as they are.
// optimizer_document FILE          says where FILE differs; exit code 1
// optimizer_document --write FILE  writes it anew, with the times that it has
#include <cstdio>
#include <exception>
#include <sstream>
#include <string_view>

#include "optimizer_table.hpp"

namespace {

int compare(const std::string& path, const std::string& is, const std::string& should) {
  if (is == should) return 0;
  std::istringstream a(is), b(should);
  std::string line_is, line_should;
  int number = 0;
  while (line_is == line_should && (a || b)) {
    ++number;
    if (!std::getline(a, line_is)) line_is = "(the file ends)";
    if (!std::getline(b, line_should)) line_should = "(the file ends)";
  }
  std::fprintf(stderr,
               "%s:%d is not what the plugins say.\n  is:     %s\n  should: %s\nTo write it anew:\n  %s --write %s\n",
               path.c_str(), number, line_is.c_str(), line_should.c_str(), TUNER_PROGRAM, path.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool write = argc == 3 && std::string_view(argv[1]) == "--write";
  if (argc != 2 && !write) return std::fprintf(stderr, "usage: optimizer_document [--write] FILE\n"), 2;
  const std::string path = argv[argc - 1];
  try {
    tuner::Catalogue catalogue;
    catalogue.add_folder(TUNER_PLUGIN_DIR);
    const std::string is = tuner::bench::read_file(path);
    const std::string should = tuner::bench::optimizer_document(catalogue, tuner::bench::read_timings(is));
    if (!write) return compare(path, is, should);
    tuner::bench::write_file(path, should);
    return 0;
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "%s\n", e.what()), 1;
  }
}
