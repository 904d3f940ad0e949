// The library as a file: it opens, exports one symbol, and leaves the process as it was.
#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "tuner/check/check.hpp"
#include "tuner/check/environment.hpp"
#include "tuner/error.hpp"
#include "tuner/library.hpp"

namespace tuner::check {

namespace {

// Refusals that are about the tables that the library returns, not about loading it: abi.descriptor's.
bool is_about_tables(Message id) {
  return id == Message::plugin_bad_descriptor || id == Message::plugin_other_major ||
         id == Message::plugin_needs_newer_host || id == Message::plugin_other_platform;
}

void load(const Subject& subject, Report& report) {
  report.doing("loading the library");
  try {
    (void)load_library(subject.file);
  } catch (const Error& e) {
    if (!is_about_tables(e.id())) report.fail(e.message(), e.remedy());
  }
}

// A struct of the file, or nothing where the file is too short.
template <class T>
std::optional<T> read_at(const std::string& bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

bool is_exported(const Elf64_Sym& symbol) {
  const auto binding = ELF64_ST_BIND(symbol.st_info), visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  const bool defined = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS;
  return defined && (binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE) &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

// The names that the dynamic symbol table offers to others; nothing where the file has no such table to read.
std::optional<std::vector<std::string>> exported_symbols(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto header = read_at<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64)
    return std::nullopt;
  const auto section = [&](std::uint64_t i) {
    return read_at<Elf64_Shdr>(bytes, header->e_shoff + i * header->e_shentsize);
  };
  for (std::uint64_t s = 0; s < header->e_shnum; ++s) {
    const auto table = section(s);
    if (!table || table->sh_type != SHT_DYNSYM) continue;
    const auto strings = section(table->sh_link);
    if (!strings) return std::nullopt;
    std::vector<std::string> names;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table->sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = read_at<Elf64_Sym>(bytes, table->sh_offset + at);
      if (!symbol || !is_exported(*symbol)) continue;
      const std::uint64_t name = strings->sh_offset + symbol->st_name;
      if (name < bytes.size()) names.emplace_back(bytes.c_str() + name);
    }
    return names;
  }
  return std::nullopt;
}

std::string readable(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 ? name.get() : symbol;
}

void export_one_symbol(const Subject& subject, Report& report) {
  constexpr std::size_t kNamed = 5;
  const auto names = exported_symbols(subject.file);
  if (!names)
    return report.warn("its dynamic symbol table cannot be read, so nobody knows what it exports",
                       "do not strip its section headers");
  std::string surplus;
  std::size_t n = 0;
  for (const std::string& name : *names) {
    if (name.starts_with("tuner_plugin_v")) continue;
    if (++n <= kNamed) surplus += fmt::format("{}'{}'", n > 1 ? ", " : "", readable(name));
  }
  if (n > kNamed) surplus += fmt::format(" and {} more", n - kNamed);
  if (n > 0)
    report.fail(fmt::format("it exports {} beside its entry function", surplus),
                "make them static or hidden (-fvisibility=hidden and a version script, as tuner_add_plugin does): two "
                "plugins with one name could meet");
}

void keep_floating_point(const Subject& subject, Report& report) {
  const FloatingPoint before = FloatingPoint::now();
  void* library = ::dlopen(subject.file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return;  // load.opens has said why
  if (auto* entry = ::dlsym(library, TUNER_ENTRY_SYMBOL)) (void)reinterpret_cast<tuner_entry>(entry)(TUNER_ABI_MINOR);
  const std::string change = before.changed_to(FloatingPoint::now());
  if (!change.empty())
    report.fail(fmt::format("loading it changes the floating-point environment: {}", change),
                "link it without -ffast-math, -Ofast and -funsafe-math-optimizations, whose start-up code does this");
}

void stay_quiet(const Subject& subject, Report& report) {
  const PrintedText printed;
  try {
    (void)load_library(subject.file);
  } catch (const Error&) {  // load.opens and abi.descriptor say why
  }
  if (const std::string text = printed.text(); !text.empty())
    report.fail(fmt::format("loading it prints: {}", text),
                "a plugin never prints: remove it, or use the host's log() within a call");
}

void build(const Subject& subject, Report& report) {
  std::unique_ptr<Library> library;
  try {
    library = load_library(subject.file);
  } catch (const Error&) {  // load.opens and abi.descriptor say why
    return;
  }
  if (library->build_flags & TUNER_BUILD_FAST_MATH)
    report.fail(
        "its code is compiled with -ffast-math, -Ofast or a flag that is part of them, such as "
        "-fassociative-math, -ffinite-math-only, -freciprocal-math or -fno-signed-zeros",
        "compile it without: results depend on how the compiler reorders sums, and NaN is not seen");
  if (library->build_flags & TUNER_BUILD_FMA_CONTRACTION)
    report.fail(
        "its products and sums are contracted into one operation (-ffp-contract=fast, the default of GCC, with "
        "-mfma, -march=native or the loops for AVX-512)",
        "compile it with -ffp-contract=off, as tuner_add_plugin does: else every machine has other results");
}

// Without a probe nothing is known. That is no failure: a library in another language has none.
std::string has_no_probe(const Subject& subject) {
  try {
    if (load_library(subject.file)->build_flags & TUNER_BUILD_PROBED) return "";
  } catch (const Error&) {
    return "its tables are refused: abi.descriptor says why";
  }
  return "how it was built is unknown: its table has no build_probe (tuner_build_probe of tuner/abi_build.h)";
}

constexpr Check kChecks[] = {
    {"load.opens",
     "The library loads with every symbol resolved, has the entry function, and the process ends well afterwards: no "
     "crash, no hang, no exit in a static constructor or destructor.",
     0, nullptr, nullptr, load},
    {"load.one_export",
     "The dynamic symbol table of the file offers the entry function and nothing else, so that two plugins cannot get "
     "into each other's way.",
     0, "load.opens", nullptr, export_one_symbol},
    {"load.floating_point",
     "Rounding mode, flush-to-zero, denormals-are-zero and traps are after loading what they were before. Start-up "
     "code of -ffast-math changes them for the whole thread.",
     0, "load.opens", nullptr, keep_floating_point},
    {"load.quiet", "Nothing is printed on standard output or standard error while the library is loaded.", 0,
     "load.opens", nullptr, stay_quiet},
    {"load.build",
     "The library's own probe, compiled with its flags, finds the arithmetic of IEEE 754: no -ffast-math or part of "
     "it, "
     "and no contraction of products and sums.",
     0, "load.opens", has_no_probe, build},
};

}  // namespace

std::span<const Check> load_checks() { return kChecks; }

}  // namespace tuner::check
