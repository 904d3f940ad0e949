#include "tuner/check/library_image.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace tuner::check {

bool imports(const tuner_plugin& plugin, std::string_view name) {
  Dl_info info;
  link_map* map = nullptr;
  if (dladdr1(&plugin, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 || map == nullptr) return true;
  const ElfW(Sym)* symbols = nullptr;
  const char* strings = nullptr;
  const std::uint32_t* hash = nullptr;
  for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_SYMTAB) symbols = reinterpret_cast<const ElfW(Sym)*>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_STRTAB) strings = reinterpret_cast<const char*>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_GNU_HASH) hash = reinterpret_cast<const std::uint32_t*>(entry->d_un.d_ptr);
  }
  if (symbols == nullptr || strings == nullptr || hash == nullptr) return true;  // not to be told: it may
  // hash[1] is the index of the first symbol that the library has to offer; those that it needs stand before.
  for (std::uint32_t i = 1; i < hash[1]; ++i)
    if (name == strings + symbols[i].st_name) return true;
  return false;
}

WritableMemory::WritableMemory(const tuner_plugin& plugin) {
  struct Search {
    const void* address;
    std::vector<Range>* ranges;
  } search{&plugin, &ranges_};
  const auto visit = [](dl_phdr_info* info, std::size_t, void* data) {
    const auto& wanted = *static_cast<Search*>(data);
    const auto address = reinterpret_cast<std::uintptr_t>(wanted.address);
    const auto end = info->dlpi_phdr + info->dlpi_phnum;
    const bool here = std::any_of(info->dlpi_phdr, end, [&](const ElfW(Phdr) & p) {
      return p.p_type == PT_LOAD && address - info->dlpi_addr - p.p_vaddr < p.p_memsz;
    });
    if (!here) return 0;
    // Relocated tables are in writable segments, too, but the linker has made them read-only since.
    std::uintptr_t sealed_begin = 0, sealed_end = 0;
    for (auto p = info->dlpi_phdr; p != end; ++p)
      if (p->p_type == PT_GNU_RELRO) {
        sealed_begin = p->p_vaddr;
        sealed_end = p->p_vaddr + p->p_memsz;
      }
    for (auto p = info->dlpi_phdr; p != end; ++p) {
      if (p->p_type != PT_LOAD || !(p->p_flags & PF_W)) continue;
      std::uintptr_t begin = p->p_vaddr;
      if (sealed_begin <= begin && begin < sealed_end) begin = sealed_end;
      if (begin >= p->p_vaddr + p->p_memsz) continue;
      const auto* memory = reinterpret_cast<const unsigned char*>(info->dlpi_addr + begin);
      wanted.ranges->push_back({memory, begin, {memory, memory + (p->p_vaddr + p->p_memsz - begin)}});
    }
    return 1;
  };
  dl_iterate_phdr(visit, &search);
}

std::string WritableMemory::change() const {
  for (const Range& range : ranges_) {
    const auto changed = [&](std::size_t i) { return range.begin[i] != range.copy[i]; };
    std::size_t first = 0, count = 0;
    for (std::size_t i = 0; i < range.copy.size(); ++i)
      if (changed(i) && count++ == 0) first = i;
    if (count > 0) return fmt::format("{} bytes from {:#x} on", count, range.offset + first);
  }
  return {};
}

}  // namespace tuner::check
